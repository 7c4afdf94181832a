import { performance } from 'node:perf_hooks';
import { TagalongError } from '../../broker/contract/errors.ts';
import { pathsOf } from './directories.ts';
import { associate, disassociate } from './hostapd.ts';
import { withLock } from './lock.ts';
import { processOf, runInside } from './member/enter.ts';
import { ip } from './network/ip.ts';
import { airOf } from './network/links.ts';
import { moveLink } from './network/move.ts';
import { type LabMember, type LabState, memberOf, readState, writeState } from './state.ts';
import { dhcpCommand, stationInterface } from './station.ts';

export interface LabRoamOptions {
  name: string;
  station: string;
  /** The access point. */
  to: string;
  /** Whether the old access point says that the station left: before, afterwards, or, as after a real roam, not at all. */
  disconnect?: 'none' | 'early' | 'late';
}

export interface LabRoamResult {
  station: string;
  mac: string;
  /** Where it was; undefined where it was nowhere. */
  from: string | undefined;
  to: string;
  address: string;
  /** From before its link was cut until the new access point had announced it. */
  roamMs: number;
}

function macOf(state: LabState, station: LabMember): string {
  if (station.mac !== undefined) return station.mac;
  throw new TagalongError('lab-failed', { lab: state.name, problem: `${station.name} has no radio` });
}

/** The station's address on its interface, as it is there. */
async function addressOf(state: LabState, station: LabMember): Promise<string | undefined> {
  const { stdout } = await runInside(state, station, ['ip', '-4', '-o', 'addr', 'show', 'dev', stationInterface]);
  return /inet (\d+(?:\.\d+){3})\//.exec(stdout)?.[1];
}

/** Takes an address from the access point that the station is at. */
async function lease(state: LabState, station: LabMember): Promise<string> {
  await runInside(state, station, dhcpCommand(station.name), { timeoutMs: 30_000 });
  const address = await addressOf(state, station);
  if (address !== undefined) return address;
  throw new TagalongError('lab-failed', { lab: state.name, problem: `${station.name} got no address` });
}

/** Carries the station's link over, and lets the new access point say that it is there. */
async function carryOver(state: LabState, station: LabMember, to: LabMember): Promise<void> {
  const from = station.at === undefined ? station : memberOf(state, station.at);
  const own = await processOf(state, station);
  const link = {
    link: airOf(station),
    from: await processOf(state, from),
    to: await processOf(state, to),
    bridge: 'br0',
    ...(station.address === undefined ? {} : { announce: { station: own, address: station.address } }),
  };
  await Promise.all([from.name === to.name ? undefined : moveLink(link), associate(state, to, macOf(state, station))]);
  station.at = to.name;
}

async function move(state: LabState, options: LabRoamOptions): Promise<LabRoamResult> {
  const station = memberOf(state, options.station, ['station']);
  const to = memberOf(state, options.to, ['accessPoint']);
  const mac = macOf(state, station);
  const from = station.at === undefined || station.at === to.name ? undefined : memberOf(state, station.at);
  const before = station.at;
  if (from && options.disconnect === 'early') await disassociate(state, from, mac);
  const startedAt = performance.now();
  await carryOver(state, station, to);
  const roamMs = performance.now() - startedAt;
  await writeState(state);
  if (from && options.disconnect === 'late') await disassociate(state, from, mac);
  if (station.address === undefined) {
    station.address = await lease(state, station);
    await writeState(state);
  }
  return { station: station.name, mac, from: before, to: to.name, address: station.address, roamMs };
}

/**
 * Lets a station roam to an access point: its link hangs on the other node's bridge with the address that it had, the new
 * access point says so, and the site's bridges learn it at once.
 *
 * @throws TagalongError `lab-down`, `unknown-member`, `lab-failed`
 */
export async function labRoam(options: LabRoamOptions): Promise<LabRoamResult> {
  return await withLock(pathsOf(options.name).lock, async () => move(await readState(options.name), options));
}

/**
 * Associates a station with an access point; the first time, it takes an address there. Where it is at another, it roams.
 * Where it is there already, the access point says so again, as after a restart of hostapd.
 */
export async function labAssociate(options: Omit<LabRoamOptions, 'disconnect'>): Promise<LabRoamResult> {
  return await labRoam(options);
}

export interface LabLeaveOptions {
  name: string;
  station: string;
  /** Out of range: the access point is not told. */
  silent?: boolean;
}

/**
 * Takes a station off the air. It gives up its address. Does nothing where it is not associated.
 * @returns the access point that it left, or undefined
 * @throws TagalongError `lab-down`, `unknown-member`
 */
export async function labLeave({ name, station, silent }: LabLeaveOptions): Promise<string | undefined> {
  return await withLock(pathsOf(name).lock, async () => {
    const state = await readState(name);
    const member = memberOf(state, station, ['station']);
    if (member.at === undefined) return undefined;
    const from = memberOf(state, member.at);
    const own = await processOf(state, member);
    await moveLink({ link: airOf(member), from: await processOf(state, from), to: own });
    await ip(own, [`addr flush dev ${stationInterface}`]);
    if (!silent) await disassociate(state, from, macOf(state, member));
    delete member.at;
    delete member.address;
    await writeState(state);
    return from.name;
  });
}
