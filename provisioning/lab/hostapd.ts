import { TagalongError } from '../../broker/contract/errors.ts';
import { tryRun } from '../../host/command.ts';
import { accessPointInterface, hostapdControlDirectory } from './accessPoint.ts';
import { entryTo } from './member/enter.ts';
import type { LabMember, LabState } from './state.ts';

async function ask(state: LabState, accessPoint: LabMember, command: readonly string[]): Promise<string> {
  const { file, parameters } = await entryTo(state, accessPoint, [
    ...['hostapd_cli', '-p', hostapdControlDirectory, '-i', accessPointInterface, ...command],
  ]);
  return (await tryRun(file, parameters))?.stdout ?? '';
}

/** The MAC addresses that an access point holds for associated. */
export async function associatedAt(state: LabState, accessPoint: LabMember): Promise<string[]> {
  const text = await ask(state, accessPoint, ['all_sta']);
  // an entry stays for a while after the station has left, without the flag
  return [...text.matchAll(/^([0-9a-f:]{17})\nflags=.*\[AUTHORIZED\]/gm)].map((match) => match[1] ?? '');
}

/** Makes hostapd say that a station left. Does nothing where it does not know it. */
export async function disassociate(state: LabState, accessPoint: LabMember, mac: string): Promise<void> {
  await ask(state, accessPoint, ['disassociate', mac]);
}

/**
 * Without a radio hostapd says nothing of a station that it has an entry for, be it stale or already disassociated, and
 * only a new start of the network drops one. The others come back at once, which consumers must bear with real radios too.
 */
const associateScript = `
mac=$1
cli="hostapd_cli -p ${hostapdControlDirectory} -i ${accessPointInterface}"
others=
if $cli sta "$mac" | grep -q "^$mac"; then
  others=$($cli all_sta | grep -B 1 '^flags=.*AUTHORIZED' | grep -E '^[0-9a-f:]{17}$' | grep -v "$mac")
  $cli disable
  $cli enable
fi
for station in "$mac" $others; do $cli new_sta "$station"; done`;

/**
 * Makes hostapd say that a station came. Where it still held it for associated, it says first that it left, as it does
 * with a real radio.
 *
 * @throws TagalongError `lab-failed` where hostapd does not take it
 */
export async function associate(state: LabState, accessPoint: LabMember, mac: string): Promise<void> {
  const { file, parameters } = await entryTo(state, accessPoint, ['sh', '-c', associateScript, 'sh', mac]);
  const said = (await tryRun(file, parameters))?.stdout.trim() ?? '';
  if (!/OK$/.test(said)) {
    const problem = `hostapd of ${accessPoint.name} does not take a station: ${said || 'no answer'}`;
    throw new TagalongError('lab-failed', { lab: state.name, problem });
  }
}
