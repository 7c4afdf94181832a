import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TagalongError } from '../broker/contract/errors.ts';
import { ip } from './ip.ts';

/** `NET_ADDR_SET` of the kernel's include/uapi/linux/netdevice.h: somebody chose the address. */
const chosen = '3';

/**
 * Makes a bridge keep its link address.
 *
 * Left alone, a bridge takes the lowest address of its ports, so it would change whenever a container or a station comes or
 * goes, and its neighbours would send to the old one until they ask again: seconds in the middle of a migration.
 *
 * @throws TagalongError `bad-configuration` where there is no such bridge
 */
export async function keepAddress(bridge: string): Promise<void> {
  const read = (name: string) => readFile(join('/sys/class/net', bridge, name), 'utf8').then((text) => text.trim());
  const isBridge = await read('bridge/bridge_id').catch(() => undefined);
  if (isBridge === undefined) {
    throw new TagalongError('bad-configuration', {
      file: 'of the agent',
      field: 'bridge',
      problem: `${bridge} is not a bridge of this node`,
    });
  }
  if ((await read('addr_assign_type')) !== chosen) await ip([`link set ${bridge} address ${await read('address')}`]);
}
