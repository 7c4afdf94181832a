import type { StationClient } from '../../cli/demo/stationClient.ts';
import { limited } from '../measure/limit.ts';
import { startProbe } from '../measure/probe.ts';
import { awaitQuiet, sentBytesOf } from '../measure/uplink.ts';
import type { Conditions, Outcome } from '../report/runs.ts';
import type { Contestant } from './contestant.ts';
import type { Site } from './site.ts';
import { port } from './workload.ts';

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
function faultOf(seen: Awaited<ReturnType<StationClient['report']>>): string | undefined {
  if (!seen.connectionSurvived) return `the client lost its connection: ${seen.problem ?? 'closed'}`;
  if (!seen.memoryIntact) return `the memory is not what it was${seen.problem ? `: ${seen.problem}` : ''}`;
  if (seen.lost > 0 || seen.duplicated > 0) return `${seen.lost} messages lost, ${seen.duplicated} doubled`;
  return undefined;
}

async function measure(
  site: Site,
  contestant: Contestant,
  conditions: Conditions,
  client: StationClient,
  signal: AbortSignal,
): Promise<Outcome> {
  const within = <T>(work: Promise<T>, limitMs: number, what: string) => limited(work, limitMs, what, signal);
  // a window of silences begins here, after a pass over the whole memory
  const before = faultOf(await within(client.report(), reportLimitMs, "the client's report before the move"));
  if (before !== undefined) return { ok: false, reason: `before the move: ${before}` };
  const sentBefore = await sentBytesOf(site.source);
  const startedMs = performance.now();
  const limitMs = moveLimitMs(conditions);
  // a contestant of several commands ends each at the limit, so that nothing of it is left to the next run
  const moved = await within(contestant.move(limitMs), 2 * limitMs, 'the move');
  const totalMs = moved.totalMs ?? performance.now() - startedMs;
  const seen = await within(client.report(), reportLimitMs, "the client's report after the move");
  const sentBytes = (await sentBytesOf(site.source)) - sentBefore;
  const fault = faultOf(seen);
  if (fault !== undefined) return { ok: false, reason: fault };
  return { ok: true, clientGapMs: seen.longestSilenceMs, totalMs, sentBytes, phasesMs: moved.phasesMs };
}

/**
 * One run from beginning to end: workload and client started, moved, checked, removed.
 *
 * @returns what was measured, or why it failed
 * @throws the signal's reason, when the benchmark is interrupted
 */
export async function performRun(
  site: Site,
  contestant: Contestant,
  conditions: Conditions,
  signal: AbortSignal,
): Promise<Outcome> {
  let client: StationClient | undefined;
  try {
    await awaitQuiet(site.source);
    const setUp = contestant.setUp(conditions.memoryMiB * 1024 * 1024);
    const address = await limited(setUp, setUpLimitMs, 'the start of the workload', signal);
    client = await startProbe(site.lab, address, port, setUpLimitMs);
    return await measure(site, contestant, conditions, client, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    if (client !== undefined) {
      await limited(client.stop(), stopLimitMs, "the client's end", signal).catch(() => undefined);
    }
    // what it cannot remove shows when the next run begins
    await limited(contestant.tearDown(), tearDownLimitMs, 'the removal', signal).catch(() => undefined);
  }
}
