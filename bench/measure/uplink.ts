import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { TagalongError } from '../../broker/contract/errors.ts';

/** What a node's cable to the backbone is called inside of it. */
const uplink = 'up0';

/** What a network interface has carried since it was made: Linux's own counters, headers of the link included. */
export interface Carried {
  receivedBytes: number;
  sentBytes: number;
}

/**
 * The counters of an interface in the text of /proc/PID/net/dev (proc_pid_net(5)).
 * @throws TagalongError `command-failed` where it is not in it
 */
export function parseCarried(text: string, name: string): Carried {
  for (const line of text.split('\n')) {
    const [device = '', counters] = line.split(':');
    if (device.trim() !== name || counters === undefined) continue;
    const numbers = counters.trim().split(/\s+/).map(Number);
    const [receivedBytes = 0, sentBytes = 0] = [numbers[0], numbers[8]];
    return { receivedBytes, sentBytes };
  }
  throw new TagalongError('command-failed', { command: '/proc/PID/net/dev', problem: `no interface ${name}` });
}

/**
 * What a node's uplink has carried. Read from outside, so that it costs a move next to nothing.
 *
 * @param pid - of a process in the node, as this machine counts it
 */
export function carriedBy(pid: number): Carried {
  return parseCarried(readFileSync(`/proc/${pid}/net/dev`, 'latin1'), uplink);
}

const sampleMs = 100;
/** Heartbeats, telemetry and a client's messages are below this. */
const quietBytesPerSample = 12_000;
const quietSamples = 4;

/** Waits until a node's uplink carries next to nothing; after `limitMs` goes on regardless, as a busy one is no failure. */
export async function awaitQuiet(pid: number, limitMs = 10_000): Promise<void> {
  const total = () => {
    const { receivedBytes, sentBytes } = carriedBy(pid);
    return receivedBytes + sentBytes;
  };
  const startedMs = performance.now();
  let before = total();
  for (let quiet = 0; quiet < quietSamples && performance.now() - startedMs < limitMs; ) {
    await delay(sampleMs);
    const after = total();
    quiet = after - before <= quietBytesPerSample ? quiet + 1 : 0;
    before = after;
  }
}
