import { setTimeout as delay } from 'node:timers/promises';
import { type Usage, watchAgents } from '../measure/agentUsage.ts';
import { limited } from '../measure/limit.ts';
import { awaitQuiet, carriedBy } from '../measure/uplink.ts';
import type { Conditions, Failed, Outcome } from '../report/runs.ts';
import type { ProbeReport } from '../workload/client.ts';
import { type StationProbe, startStationProbe } from '../workload/stationProbe.ts';
import type { Contestant, Leg } from './contestant.ts';
import { destinationNode, nodeNames, type Site } from './site.ts';
import { pageBytes, port } from './workload.ts';

const setUpLimitMs = 60_000;
const reportLimitMs = 75_000;
const stopLimitMs = 10_000;
const tearDownLimitMs = 45_000;

/** How long a move may take: generous, but an end. At least what three times the memory needs on the link. */
export function moveLimitMs({ memoryMiB, linkMbps }: Conditions): number {
  const bits = memoryMiB * 1024 * 1024 * 8;
  return 45_000 + (3 * bits) / ((linkMbps ?? 1000) * 1000);
}

/** What is wrong with a move that its contestant calls done; undefined where nothing is. */
export function faultOf(seen: ProbeReport): string | undefined {
  if (!seen.connectionSurvived) return `the client lost its connection: ${seen.problem ?? 'closed'}`;
  if (!seen.memoryIntact) return `the memory is not what it was${seen.problem ? `: ${seen.problem}` : ''}`;
  if (seen.lost > 0 || seen.duplicated > 0) return `${seen.lost} messages lost, ${seen.duplicated} doubled`;
  return undefined;
}

/** A container that runs, with its client, under its conditions. */
interface Round {
  site: Site;
  conditions: Conditions;
  probe: StationProbe;
  signal: AbortSignal;
}

/** What happens before a leg and is not measured. @returns bytes that were sent for it */
async function getReady({ site, conditions, probe, signal }: Round, leg: Leg): Promise<number> {
  const within = <T>(work: Promise<T>, limitMs: number, what: string) => limited(work, limitMs, what, signal);
  await within(site.bringStationTo(leg.to), setUpLimitMs, 'the roaming of the station');
  const before = carriedBy(site.pids[leg.from]).sentBytes;
  const limitMs = moveLimitMs(conditions);
  if (leg.ready !== undefined) await within(leg.ready(limitMs), 2 * limitMs, 'the preparation');
  const sentBytes = carriedBy(site.pids[leg.from]).sentBytes - before;
  if (leg.restMs !== undefined) await within(delay(leg.restMs), 2 * leg.restMs + 1000, 'the rest');
  if (leg.changedShare !== undefined) {
    await within(probe.mark(), reportLimitMs, 'the mark');
    const pages = Math.round((leg.changedShare * conditions.memoryMiB * 1024 * 1024) / pageBytes);
    await within(probe.change(pages), reportLimitMs, 'the change');
  }
  return sentBytes;
}

async function measure(round: Round, leg: Leg): Promise<Outcome> {
  const { site, conditions, probe, signal } = round;
  const within = <T>(work: Promise<T>, limitMs: number, what: string) => limited(work, limitMs, what, signal);
  const preparedBytes = await getReady(round, leg);
  // a window of silences begins here, after a pass over the whole memory
  const before = faultOf(await within(probe.report(), reportLimitMs, "the client's report before the move"));
  if (before !== undefined) return { ok: false, reason: `before the move: ${before}` };
  const endWatch = leg.name.startsWith('tagalong') ? watchAgents(nodeNames.map((node) => site.pids[node])) : undefined;
  const sentBefore = carriedBy(site.pids[leg.from]).sentBytes;
  const startedMs = performance.now();
  const limitMs = moveLimitMs(conditions);
  // a contestant of several commands ends each at the limit, so that nothing of it is left to the next run
  let usage: Usage | undefined;
  const moved = await within(leg.move(limitMs), 2 * limitMs, 'the move').finally(() => {
    usage = endWatch?.();
  });
  const totalMs = moved.totalMs ?? performance.now() - startedMs;
  const seen = await within(probe.report(), reportLimitMs, "the client's report after the move");
  const sentBytes = carriedBy(site.pids[leg.from]).sentBytes - sentBefore;
  const fault = faultOf(seen);
  if (fault !== undefined) return { ok: false, reason: fault };
  const { phasesMs, phasesBytes, ahead, technique, techniqueReason, frozenMs, frozenPartsMs, rounds, savedBytes } =
    moved;
  const gapMs = ahead && (await within(probe.worstGapMs(ahead.fromMs, ahead.toMs), reportLimitMs, 'the gap'));
  return {
    ...{ ok: true, clientGapMs: seen.longestSilenceMs, totalMs, sentBytes, phasesMs, phasesBytes },
    ...(technique === undefined ? {} : { technique }),
    ...(techniqueReason === undefined ? {} : { techniqueReason }),
    ...(frozenMs === undefined ? {} : { frozenMs }),
    ...(frozenPartsMs === undefined ? {} : { frozenPartsMs }),
    ...(rounds === undefined ? {} : { rounds }),
    ...(savedBytes === undefined ? {} : { savedBytes }),
    ...(gapMs === undefined ? {} : { schedulingGapMs: gapMs }),
    ...(leg.ready === undefined ? {} : { preparedBytes }),
    ...(leg.changedShare === undefined ? {} : { changedBytes: seen.changedPages * pageBytes }),
    ...(usage === undefined
      ? {}
      : { agentMemoryBytes: usage.peakBytes, helpersMemoryBytes: usage.helpersPeakBytes, agentCpuMs: usage.cpuMs }),
  };
}

function failed(error: unknown): Failed {
  return { ok: false, reason: error instanceof Error ? error.message : String(error) };
}

/** The legs of a contestant up to the last one that is wanted. */
export function legsUpTo(legs: readonly Leg[], wanted: readonly string[]): Leg[] {
  return legs.slice(0, legs.findLastIndex(({ name }) => wanted.includes(name)) + 1);
}

/**
 * One run of a contestant from beginning to end: workload and client started, moved once for each leg, checked, removed.
 *
 * @param wanted - names of the legs whose outcome is asked for
 * @returns for each of them what was measured, or why it failed
 * @throws the signal's reason, when the benchmark is interrupted
 */
export async function performRun(
  site: Site,
  contestant: Contestant,
  conditions: Conditions,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const legs = legsUpTo(contestant.legs, wanted);
  let probe: StationProbe | undefined;
  let failure: string | undefined;
  try {
    await site.bringStationTo(legs[0]?.to ?? destinationNode);
    await Promise.all(nodeNames.map((node) => awaitQuiet(site.pids[node])));
    const memoryBytes = conditions.memoryMiB * 1024 * 1024;
    const setUp = contestant.setUp({ memoryBytes, rewrittenBytesPerSecond: conditions.dirtyMBps * 1e6 });
    const address = await limited(setUp, setUpLimitMs, 'the start of the workload', signal);
    probe = await startStationProbe(site.lab, address, port, setUpLimitMs);
    for (const leg of legs) {
      const outcome = await measure({ site, conditions, probe, signal }, leg).catch((error: unknown) => {
        signal.throwIfAborted();
        return failed(error);
      });
      outcomes.set(leg.name, outcome);
      if (outcome.ok) continue;
      failure = `${leg.name} before it: ${outcome.reason}`;
      break;
    }
  } catch (error) {
    signal.throwIfAborted();
    failure = failed(error).reason;
  } finally {
    if (probe !== undefined) {
      await limited(probe.stop(), stopLimitMs, "the client's end", signal).catch(() => undefined);
    }
    // what it cannot remove shows when the next run begins
    await limited(contestant.tearDown(), tearDownLimitMs, 'the removal', signal).catch(() => undefined);
  }
  const reason = failure ?? 'the run ended before it';
  return new Map(wanted.map((name) => [name, outcomes.get(name) ?? { ok: false, reason }]));
}
