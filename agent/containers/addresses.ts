import { TagalongError } from '../../broker/contract/errors.ts';
import type { AgentConfiguration } from '../configuration.ts';

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/**
 * The lowest free address of this node's range, pure. Addresses stay with containers that move away, so those of the whole
 * site count as taken.
 *
 * @throws TagalongError `no-address-left`
 */
export function freeAddress(
  range: AgentConfiguration['containerAddresses'],
  taken: ReadonlySet<string>,
  node: string,
): string {
  for (let value = toNumber(range.first); value <= toNumber(range.last); value += 1) {
    const address = toText(value);
    if (!taken.has(address)) return address;
  }
  throw new TagalongError('no-address-left', { range: `${range.first} - ${range.last}`, node });
}
