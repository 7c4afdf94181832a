import { hasVariable, msPerTick, type ProcessSample, processesBeside, resetPeak } from './process.ts';

/** What an agent and the programs that it starts need for a move. */
export interface Usage {
  /** The most that the agent and its own programs, which are processes of the same program, had resident together. */
  peakBytes: number;
  /** The most that other programs had that it started, together. */
  helpersPeakBytes: number;
  cpuMs: number;
}

/** Adds up what the samples of one node's agent and helpers say. */
export interface UsageRecord {
  add(samples: readonly ProcessSample[]): void;
  usage(): Usage;
}

const keyOf = ({ pid, startTicks }: ProcessSample) => `${pid} ${startTicks}`;

/** The pids below a process, itself included. */
function descendantsOf(pid: number, samples: readonly ProcessSample[]): Set<number> {
  const found = new Set([pid]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const one of samples) if (found.has(one.parentPid)) found.add(one.pid);
  }
  return found;
}

/**
 * A process hands its time to the parent that waits for it. So the time of the agent holds that of its helpers, but for those
 * that nobody of the agent's waits for: they are counted by what was last seen of them.
 *
 * @param agentPid - of the agent
 * @param before - what its processes were before the move
 */
export function makeUsageRecord(agentPid: number, before: readonly ProcessSample[]): UsageRecord {
  const older = new Map(before.map((one) => [keyOf(one), one]));
  const orphans = new Map<string, number>();
  const startTicks = before.find(({ pid }) => pid === agentPid)?.cpuTicks ?? 0;
  let agentTicks = startTicks;
  let agentPeakBytes = 0;
  let ownHelpersPeakBytes = 0;
  let helpersPeakBytes = 0;
  return {
    add(samples) {
      const below = descendantsOf(agentPid, samples);
      const agent = samples.find(({ pid }) => pid === agentPid);
      let [ownBytes, helpersBytes] = [0, 0];
      for (const one of samples) {
        const key = keyOf(one);
        if (one.pid === agentPid) {
          agentTicks = one.cpuTicks;
          agentPeakBytes = Math.max(agentPeakBytes, one.peakBytes);
        } else {
          // what was only just forked shares the agent's memory: it would count twice
          const isNew = !older.has(key) && one.command !== agent?.command;
          // the program itself is in memory once
          if (isNew && one.program !== '' && one.program === agent?.program)
            ownBytes += Math.max(0, one.peakBytes - one.fileBytes);
          else if (isNew) helpersBytes += one.peakBytes;
          if (below.has(one.pid)) orphans.delete(key);
          else orphans.set(key, one.cpuTicks - (older.get(key)?.cpuTicks ?? 0));
        }
      }
      ownHelpersPeakBytes = Math.max(ownHelpersPeakBytes, ownBytes);
      helpersPeakBytes = Math.max(helpersPeakBytes, helpersBytes);
    },
    usage() {
      const orphanTicks = [...orphans.values()].reduce((sum, ticks) => sum + ticks, 0);
      return {
        peakBytes: agentPeakBytes + ownHelpersPeakBytes,
        helpersPeakBytes,
        cpuMs: (agentTicks - startTicks + orphanTicks) * msPerTick,
      };
    },
  };
}

const sampleEveryMs = 100;

/**
 * Watches the agents of nodes and the programs that they have started, told by the variable that the lab gives its services.
 *
 * @param nodePids - a process of each node, as this machine counts it
 * @returns the function that ends it: the larger peak of the nodes, and the time of all of them; undefined where a node has
 *   no agent
 */
export function watchAgents(nodePids: readonly number[]): () => Usage | undefined {
  const mine = new Map<string, boolean>();
  const ofAgent = (nodePid: number) =>
    processesBeside(nodePid).filter((one) => {
      const key = keyOf(one);
      const known = mine.get(key) ?? hasVariable(one.pid, 'LAB_SERVICE=agent');
      mine.set(key, known);
      return known;
    });
  const watched = nodePids.flatMap((nodePid) => {
    const before = ofAgent(nodePid);
    const first = before.toSorted((a, b) => a.startTicks - b.startTicks)[0];
    if (first === undefined) return [];
    resetPeak(first.pid);
    return [{ nodePid, record: makeUsageRecord(first.pid, before) }];
  });
  const sample = () => {
    for (const { nodePid, record } of watched) record.add(ofAgent(nodePid));
  };
  const timer = setInterval(sample, sampleEveryMs);
  return () => {
    clearInterval(timer);
    if (watched.length < nodePids.length) return undefined;
    sample();
    const usages = watched.map(({ record }) => record.usage());
    return {
      peakBytes: Math.max(0, ...usages.map(({ peakBytes }) => peakBytes)),
      helpersPeakBytes: Math.max(0, ...usages.map((usage) => usage.helpersPeakBytes)),
      cpuMs: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    };
  };
}
