import { Duplex } from 'node:stream';
import type { PacketSizeLimit } from './packetSizeLimit.ts';

export interface StreamLimits {
  packetSize: PacketSizeLimit;
  /** More than this may not wait for a client that does not read. */
  maximumQueuedBytes: number;
  /** Nor may it take nothing for this long while something waits. */
  drainTimeoutMs: number;
  /** Called once, with the reason, before the connection is cut for breaking a limit. */
  onFault(reason: string): void;
}

/**
 * A connection as aedes sees it: what comes in has passed the size limit, what goes out is bounded.
 *
 * Writing never asks aedes to wait, as then one client that does not read would hold up the delivery to all others.
 */
export function guardStream(source: Duplex, limits: StreamLimits): Duplex {
  const { packetSize, maximumQueuedBytes, drainTimeoutMs, onFault } = limits;
  let faulty = false;
  let stalled: NodeJS.Timeout | undefined;
  const cut = (reason: string) => {
    if (faulty) return;
    faulty = true;
    onFault(reason);
    guarded.destroy();
  };
  const taken = () => {
    if (source.writableLength > 0 && !source.destroyed) return void stalled?.refresh();
    clearTimeout(stalled);
    stalled = undefined;
  };
  const send = (chunk: Buffer, done: (error?: Error | null) => void) => {
    stalled ??= setTimeout(() => cut(`nothing was read for ${drainTimeoutMs} ms`), drainTimeoutMs).unref();
    source.write(chunk, taken);
    if (source.writableLength > maximumQueuedBytes)
      cut(`${source.writableLength} bytes waited to be read, the limit is ${maximumQueuedBytes} bytes`);
    done();
  };
  const guarded = new Duplex({
    writableHighWaterMark: maximumQueuedBytes,
    read: () => {
      source.resume();
    },
    write: (chunk: Buffer, _encoding, done) => send(chunk, done),
    // mqtt-packet corks: one packet should be one segment on the wire
    writev: (chunks, done) => send(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => {
      source.end();
      done();
    },
    destroy: (error, done) => {
      clearTimeout(stalled);
      source.destroy();
      done(error);
    },
  });
  source.on('data', (chunk: Buffer) => {
    const { pieces, fault } = packetSize.feed(chunk);
    for (const piece of pieces) if (!guarded.push(piece)) source.pause();
    if (fault !== undefined) cut(fault);
  });
  source.on('end', () => guarded.push(null));
  source.on('error', (error) => guarded.destroy(error));
  source.on('close', () => guarded.destroy());
  return guarded;
}
