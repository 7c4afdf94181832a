import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { type Duplex, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import type { Log } from '../../broker/connection.ts';
import { errorReportSchema } from '../../broker/contract/documents.ts';
import { type ErrorCode, errorTable, TagalongError } from '../../broker/contract/errors.ts';
import { thisNode, windowBytes } from './server.ts';

export interface Endpoint {
  host: string;
  port: number;
}

export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface LinkMeasure {
  rttMs?: number;
  throughputBytesPerSecond?: number;
}

/** The other agents, as this one talks to them. One connection for each is opened when it is known of, or at need, and kept. */
export interface Peers {
  /** Sends JSON, receives JSON. @throws TagalongError what the peer says, or `peer-unreachable` */
  ask<S extends z.ZodType>(
    node: string,
    method: 'GET' | 'POST',
    path: string,
    body: object,
    answer: S,
    options?: CallOptions,
  ): Promise<z.output<S>>;
  /** Sends a stream of bytes, receives JSON. `write` ends the stream itself. */
  send<S extends z.ZodType>(
    node: string,
    path: string,
    write: (output: Writable) => Promise<void>,
    answer: S,
    options?: CallOptions & {
      onSent?: (bytes: number) => void;
      /** The answer comes as soon as the last byte is there, so that the time tells what the link carries. */
      tells?: boolean;
    },
  ): Promise<z.output<S>>;
  /**
   * Opens a stream to write to and read from at once. The caller ends it.
   * @throws TagalongError what the peer says, or `peer-unreachable`
   */
  converse(node: string, path: string, signal: AbortSignal): Promise<Duplex>;
  /** Notes how fast a peer was seen to send to this node, as long as nothing is known of the way to it. */
  noteRate(node: string, bytesPerSecond: number): void;
  /** Round-trip times, the least of the last pings, and throughputs, as the last transfers showed them. */
  links(): Record<string, LinkMeasure>;
  close(): void;
}

/** A stream on which nothing moves for so long is given up: a container may be frozen meanwhile. */
const idleMs = 30_000;

/** So many of the last pings count. */
const pingsKept = 8;

/** A transfer below this size tells of set-up, not of throughput. */
const tellingBytes = 1 << 20;

/**
 * @param endpointOf - where a node's data plane listens, from its birth certificate
 * @param pingMs - how often open connections are measured and missing ones opened
 */
export function makePeers(options: {
  endpointOf: (node: string) => Endpoint | undefined;
  /** Nodes to keep a connection to. */
  known?: () => string[];
  log: Log;
  pingMs?: number;
  /** A connection whose ping is not answered is given up when nothing else came over it for so long. */
  silentMs?: number;
}): Peers {
  const silentMs = options.silentMs ?? idleMs;
  const sessions = new Map<string, ClientHttp2Session>();
  const measures = new Map<string, LinkMeasure>();
  const note = (node: string, measure: LinkMeasure) => measures.set(node, { ...measures.get(node), ...measure });

  function sessionTo(node: string): ClientHttp2Session {
    const open = sessions.get(node);
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const endpoint = options.endpointOf(node);
    if (endpoint === undefined) throw unreachable(node, 'its address is not known');
    const session = http2.connect(`http://${endpoint.host}:${endpoint.port}`, {
      settings: { initialWindowSize: windowBytes.stream, maxFrameSize: 1 << 20, enablePush: false },
      createConnection: () => connect({ ...endpoint, noDelay: true }),
    });
    session.on('connect', () => ping(node, session));
    session.on('error', (error) => options.log.debug({ err: error, node }, 'the connection to a peer failed'));
    session.on('close', () => {
      if (sessions.get(node) === session) sessions.delete(node);
    });
    session.unref();
    sessions.set(node, session);
    return session;
  }

  const pings = new Map<string, number[]>();
  /** Sessions whose ping has no answer yet: when something last came from there, and how much there was by then. */
  const unanswered = new WeakMap<ClientHttp2Session, { atMs: number; readBytes: number }>();

  /** Of the last pings some may have queued behind what was being sent: the shortest one tells of the link. */
  function leastOfLast(node: string, rttMs: number): number {
    const last = [...(pings.get(node) ?? []), rttMs].slice(-pingsKept);
    pings.set(node, last);
    return Math.min(...last);
  }

  /** A link that is gone says nothing, and the kernel waits for it a quarter of an hour. */
  function ping(node: string, session: ClientHttp2Session): void {
    const now = { atMs: performance.now(), readBytes: session.socket.bytesRead };
    const before = unanswered.get(session);
    if (before?.readBytes === now.readBytes) {
      if (now.atMs - before.atMs > silentMs) session.destroy(new Error(`nothing came from it for ${silentMs} ms`));
      return;
    }
    unanswered.set(session, now);
    if (before !== undefined) return; // an answer is still due
    session.ping((error, rttMs) => {
      unanswered.delete(session);
      if (error === null) note(node, { rttMs: leastOfLast(node, Math.round(rttMs * 1000) / 1000) });
    });
  }

  /** Open before it is needed: the first migration waits for no handshake, and the link is measured. */
  function tend(): void {
    for (const node of options.known?.() ?? []) if (options.endpointOf(node) !== undefined) sessionTo(node);
    for (const [node, session] of sessions) {
      if (!session.closed && !session.destroyed && !session.connecting) ping(node, session);
    }
  }

  const timer = setInterval(tend, options.pingMs ?? 5000);
  timer.unref();

  function unreachable(node: string, problem: string, cause?: unknown): TagalongError {
    const endpoint = options.endpointOf(node);
    const where = endpoint === undefined ? 'an unknown address' : `${endpoint.host}:${endpoint.port}`;
    return new TagalongError('peer-unreachable', { node, endpoint: where, problem }, cause);
  }

  async function exchange<S extends z.ZodType>(
    node: string,
    headers: http2.OutgoingHttpHeaders,
    write: (stream: ClientHttp2Stream) => Promise<void>,
    answer: S,
    call: CallOptions,
  ): Promise<z.output<S>> {
    const limit = AbortSignal.timeout(call.timeoutMs ?? 30_000);
    const signal = call.signal === undefined ? limit : AbortSignal.any([limit, call.signal]);
    if (signal.aborted) throw failureOf(node, new Error('it was given up'), call.signal);
    const stream = sessionTo(node).request(headers, { signal });
    let failure: unknown;
    stream.on('error', (error) => {
      failure ??= error;
    });
    stream.setTimeout(idleMs, () => {
      failure ??= new TagalongError('transfer-failed', { node, problem: `nothing moved for ${idleMs} ms` });
      stream.close(http2.constants.NGHTTP2_CANCEL);
    });
    const closed = new Promise<void>((resolve) => stream.once('close', resolve));
    const status = new Promise<number>((resolve) =>
      stream.once('response', (reply) => resolve(Number(reply[':status']))),
    );
    const written = write(stream).catch((error: unknown) => {
      failure ??= error;
      stream.close(http2.constants.NGHTTP2_CANCEL);
    });
    const said = await Promise.race([status, closed.then(() => undefined)]);
    if (said === undefined) {
      await written;
      throw failureOf(node, failure, call.signal);
    }
    const reply = await text(stream).catch((error: unknown) => {
      throw unreachable(node, error instanceof Error ? error.message : String(error), error);
    });
    // what is refused may still be written: who hears of that must not find anything going out afterwards
    if (said !== 200) stream.close(http2.constants.NGHTTP2_CANCEL);
    await written;
    if (said !== 200) throw errorFrom(node, reply);
    return answer.parse(JSON.parse(reply));
  }

  function failureOf(node: string, failure: unknown, signal: AbortSignal | undefined): unknown {
    if (failure instanceof TagalongError) return failure;
    if (signal?.aborted && signal.reason instanceof TagalongError) return signal.reason;
    return unreachable(node, failure instanceof Error ? failure.message : 'the connection was closed', failure);
  }

  return {
    ask: (node, method, path, body, answer, call = {}) =>
      exchange(
        node,
        { ':method': method, ':path': path },
        async (stream) => {
          stream.end(method === 'GET' ? undefined : JSON.stringify(body));
        },
        answer,
        call,
      ),
    async send(node, path, write, answer, call = {}) {
      let bytes = 0;
      const startedAt = performance.now();
      return exchange(
        node,
        { ':method': 'PUT', ':path': path },
        async (stream) => {
          const count = (chunkBytes: number) => {
            bytes += chunkBytes;
            call.onSent?.(chunkBytes);
          };
          await write(counted(stream, count));
        },
        answer,
        call,
      ).finally(() => {
        // only an answer tells that all is there: buffers on the way take some megabytes at once
        const seconds = (performance.now() - startedAt) / 1000;
        if (call.tells && bytes >= tellingBytes) note(node, { throughputBytesPerSecond: Math.round(bytes / seconds) });
      });
    },
    async converse(node, path, signal) {
      const stream = sessionTo(node).request({ ':method': 'POST', ':path': path }, { signal });
      const failed = new Promise<never>((_, reject) => {
        stream.once('error', (error) => reject(unreachable(node, error.message, error)));
        stream.once('close', () => reject(unreachable(node, 'the connection was closed')));
      });
      failed.catch(() => undefined);
      const answered = new Promise<number>((resolve) =>
        stream.once('response', (reply) => resolve(Number(reply[':status']))),
      );
      if ((await Promise.race([answered, failed])) !== 200) throw errorFrom(node, await text(stream));
      return stream;
    },
    noteRate(node, bytesPerSecond) {
      if (measures.get(node)?.throughputBytesPerSecond === undefined)
        note(node, { throughputBytesPerSecond: Math.round(bytesPerSecond) });
    },
    links: () => Object.fromEntries(measures),
    close() {
      clearInterval(timer);
      for (const session of sessions.values()) session.destroy();
    },
  };
}

/** What a peer answered, as the error it is. */
function errorFrom(node: string, reply: string): TagalongError {
  const checked = errorReportSchema.safeParse(safeJson(reply));
  if (checked.success && checked.data.code in errorTable) {
    const { code, details = {} } = checked.data;
    return new TagalongError(code as ErrorCode, details['node'] === thisNode ? { ...details, node } : details);
  }
  return new TagalongError('transfer-failed', { node, problem: 'its answer cannot be read' });
}

function safeJson(reply: string): unknown {
  try {
    return JSON.parse(reply);
  } catch {
    return undefined;
  }
}

/** Passes bytes on and tells how many. */
function counted(output: Writable, count: (bytes: number) => void): Writable {
  const writable = new Writable({
    write(chunk: Buffer, _encoding, next) {
      count(chunk.length);
      output.write(chunk, next);
    },
    final(next) {
      output.end();
      next();
    },
  });
  output.once('close', () => writable.destroy());
  writable.on('error', () => undefined); // the answer tells, or the end of the stream
  return writable;
}
