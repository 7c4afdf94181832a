import { setTimeout as delay } from 'node:timers/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import { tryRun } from '../../host/command.ts';
import { accessPointInterface, hostapdControlDirectory } from './accessPoint.ts';
import { entryTo } from './member/enter.ts';
import type { LabMember, LabState } from './state.ts';

/** Between the two events of an access point that hears again of a station which it still knew; seen with real radios. */
const staleEntryGapMs = 36;

async function ask(state: LabState, accessPoint: LabMember, command: readonly string[]): Promise<string> {
  const { file, parameters } = await entryTo(state, accessPoint, [
    ...['hostapd_cli', '-p', hostapdControlDirectory, '-i', accessPointInterface, ...command],
  ]);
  return (await tryRun(file, parameters))?.stdout ?? '';
}

/** The MAC addresses that an access point holds for associated. */
export async function associatedAt(state: LabState, accessPoint: LabMember): Promise<string[]> {
  const text = await ask(state, accessPoint, ['all_sta']);
  return text.split('\n').filter((line) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(line));
}

/** Makes hostapd say that a station left. Does nothing where it does not know it. */
export async function disassociate(state: LabState, accessPoint: LabMember, mac: string): Promise<void> {
  await ask(state, accessPoint, ['disassociate', mac]);
}

/**
 * Makes hostapd say that a station came. Where it still held it for associated, it says first that it left, as it does
 * with a real radio.
 *
 * @throws TagalongError `lab-failed` where hostapd does not take it
 */
export async function associate(state: LabState, accessPoint: LabMember, mac: string): Promise<void> {
  if ((await ask(state, accessPoint, ['sta', mac])).startsWith(mac)) {
    await disassociate(state, accessPoint, mac);
    await delay(staleEntryGapMs);
  }
  const answer = await ask(state, accessPoint, ['new_sta', mac]);
  if (!answer.includes('OK')) {
    throw new TagalongError('lab-failed', {
      lab: state.name,
      problem: `hostapd of ${accessPoint.name} does not answer`,
    });
  }
}
