import http2, {
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { json } from 'node:stream/consumers';
import type { z } from 'zod';
import type { Log } from '../../broker/connection.ts';
import { problemOf } from '../../broker/connection.ts';
import { reportOf, TagalongError } from '../../broker/contract/errors.ts';

/** Bytes that may be on their way in one stream, and in one connection, before its reader has taken them. */
export const windowBytes = { stream: 4 << 20, session: 16 << 20 };

/** Stands for the node that answers, in its own errors: its peer puts the name there. */
export const thisNode = 'this node';

export interface ChannelRequest {
  /** The parts of the path that stand for `:name` in the route's pattern. */
  parameters: Record<string, string>;
  body: Readable;
  /** Reads the body as JSON against a schema. @throws TagalongError `malformed-request` */
  read<S extends z.ZodType>(schema: S): Promise<z.output<S>>;
}

interface RouteStart {
  method: 'GET' | 'POST' | 'PUT';
  /** Such as `/v1/migrations/:id/commit`. */
  pattern: string;
}

export type Route = RouteStart &
  (
    | {
        /** What it returns is the JSON of the answer. */
        handle(request: ChannelRequest): Promise<object>;
      }
    | {
        /** Reads and writes at once, as long as both sides have something to say; then the output is ended. */
        converse(request: ChannelRequest, output: Writable): Promise<void>;
      }
  );

export interface DataPlane {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The data plane of a node: what other agents ask of it, over one kept-open HTTP/2 connection for each of them, with many
 * streams at once in both directions and flow control for each (RFC 9113).
 */
export async function startDataPlane(options: {
  host: string;
  port: number;
  routes: readonly Route[];
  log: Log;
}): Promise<DataPlane> {
  const server = http2.createServer({ settings: { initialWindowSize: windowBytes.stream, maxFrameSize: 1 << 20 } });
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => socket.setNoDelay(true));
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(windowBytes.session);
    session.on('close', () => sessions.delete(session));
    session.on('error', (error) => options.log.debug({ err: error }, 'a data-plane connection failed'));
  });
  server.on('stream', (stream, headers) => void answer(stream, headers, options.routes, options.log));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server, sessions),
  };
}

async function closeServer(server: Http2Server, sessions: Set<ServerHttp2Session>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.destroy();
  await closed;
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  routes: readonly Route[],
  log: Log,
): Promise<void> {
  stream.on('error', (error) => log.debug({ err: error, path: headers[':path'] }, 'a data-plane stream failed'));
  try {
    const { route, parameters } = find(routes, String(headers[':method']), String(headers[':path']));
    const request: ChannelRequest = {
      parameters,
      body: stream,
      async read(schema) {
        const checked = schema.safeParse(await json(stream));
        if (!checked.success) throw new TagalongError('malformed-request', problemOf(checked.error), checked.error);
        return checked.data;
      },
    };
    if ('handle' in route) {
      reply(stream, 200, await route.handle(request));
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/octet-stream' });
    await route.converse(request, stream);
    stream.end();
  } catch (error) {
    const report = reportOf(isOfTheSystem(error) ? transferFailure(error) : error);
    log[report.code === 'bug' ? 'error' : 'info'](
      { err: error, path: headers[':path'] },
      'a data-plane request failed',
    );
    if (stream.headersSent) stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    else reply(stream, 500, report);
  }
}

/** Whether the kernel refused something: a full disk or tmpfs is no mistake of ours. */
function isOfTheSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** Who hears it knows this node's name, see peers.ts. */
function transferFailure(error: NodeJS.ErrnoException): TagalongError {
  return new TagalongError('transfer-failed', { node: thisNode, problem: error.message }, error);
}

function reply(stream: ServerHttp2Stream, status: number, body: object): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': status, 'content-type': 'application/json' });
  stream.end(JSON.stringify(body));
  stream.resume(); // what is left of a refused body is thrown away
}

function find(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; parameters: Record<string, string> } {
  for (const route of routes) {
    if (route.method !== method) continue;
    const parameters = match(route.pattern.split('/'), path.split('/'));
    if (parameters !== undefined) return { route, parameters };
  }
  throw new TagalongError('malformed-request', {
    field: 'path',
    problem: `${method} ${path} is not a request of the data plane`,
  });
}

function match(pattern: string[], levels: string[]): Record<string, string> | undefined {
  if (pattern.length !== levels.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const level = levels[index] ?? '';
    if (!part.startsWith(':')) {
      if (part !== level) return undefined;
    } else if (/^[A-Za-z0-9_-]{1,128}$/.test(level)) parameters[part.slice(1)] = level;
    else return undefined;
  }
  return parameters;
}
