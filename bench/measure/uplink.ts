import { setTimeout as delay } from 'node:timers/promises';
import type { Shell } from '../migration/shell.ts';

const statistics = '/sys/class/net/up0/statistics';

/** Bytes that a node has sent over its cable to the backbone, since it was made: Linux's counter of the interface. */
export async function sentBytesOf(node: Shell): Promise<number> {
  return Number(await node.run(`cat ${statistics}/tx_bytes`));
}

async function carriedBytesOf(node: Shell): Promise<number> {
  const texts = (await node.run(`cat ${statistics}/tx_bytes ${statistics}/rx_bytes`)).split('\n');
  return texts.reduce((sum, text) => sum + Number(text), 0);
}

const sampleMs = 200;
/** Heartbeats and telemetry are below this. */
const quietBytesPerSample = 20_000;
const quietSamples = 3;

/** Waits until a node's uplink carries next to nothing; after `limitMs` goes on regardless, as a busy one is no failure. */
export async function awaitQuiet(node: Shell, limitMs = 10_000): Promise<void> {
  const startedMs = performance.now();
  let before = await carriedBytesOf(node);
  for (let quiet = 0; quiet < quietSamples && performance.now() - startedMs < limitMs; ) {
    await delay(sampleMs);
    const after = await carriedBytesOf(node);
    quiet = after - before <= quietBytesPerSample ? quiet + 1 : 0;
    before = after;
  }
}
