import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { type Duplex, PassThrough, type Readable, type Writable } from 'node:stream';
import { type ExecaError, execa } from 'execa';
import { TagalongError } from '../broker/contract/errors.ts';

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
  timeoutMs?: number;
  /** Gives the program one end of a socket pair as this file descriptor; the other end is `socket` of what is returned. */
  socketFd?: number;
  /** Goes on when this process ends, in a session of its own. */
  outlives?: boolean;
  /** Ends the command (SIGTERM, then SIGKILL) when it fires. */
  signal?: AbortSignal;
}

export interface CommandResult {
  stdout: string;
  stderr: string;
}

/** Whether a thrown value is the failure of a program that could not be found. */
function isMissing(error: ExecaError): boolean {
  return error.code === 'ENOENT';
}

/** What a program printed, whatever form execa was told to keep it in. */
function textOf(printed: unknown): string {
  return printed instanceof Uint8Array ? Buffer.from(printed).toString('utf8') : String(printed ?? '');
}

/** The failure of a program as an error of ours, with the last lines that it printed. */
function failureOf(file: string, parameters: readonly string[], error: ExecaError): TagalongError {
  if (isMissing(error)) return new TagalongError('program-missing', { program: file, package: file }, error);
  const said = textOf(error.stderr).trim().split('\n').slice(-3).join(' / ');
  const problem = error.timedOut ? `no end within ${error.durationMs} ms` : said || error.shortMessage;
  return new TagalongError(
    'command-failed',
    { command: [file, ...parameters].join(' '), problem, exitCode: error.exitCode },
    error,
  );
}

/**
 * Runs a program to its end.
 *
 * @param file - program name or path
 * @param parameters - its arguments, passed as they are, without a shell
 * @returns what it printed
 * @throws TagalongError `program-missing`, or `command-failed` with its last lines
 */
export async function run(
  file: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  try {
    const result = await execa(file, parameters, {
      stdin: options.input === undefined ? 'ignore' : 'pipe',
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    });
    return { stdout: result.stdout, stderr: result.stderr };
  } catch (error) {
    throw failureOf(file, parameters, error as ExecaError);
  }
}

/** As {@link run}, but undefined where the program fails or is missing: for probes, where that is an answer too. */
export async function tryRun(
  file: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult | undefined> {
  try {
    return await run(file, parameters, options);
  } catch {
    return undefined;
  }
}

/**
 * Runs a program at the terminal of this process: its input, output and errors are ours.
 *
 * @returns its exit code; 128 + number where a signal ended it
 * @throws TagalongError `program-missing`
 */
export async function attach(file: string, parameters: readonly string[]): Promise<number> {
  const result = await execa(file, parameters, { stdio: 'inherit', reject: false });
  if (result.failed && isMissing(result as ExecaError)) throw failureOf(file, parameters, result as ExecaError);
  return result.exitCode ?? 128 + (result.signal === undefined ? 0 : (constants.signals[result.signal] ?? 0));
}

/**
 * What a program prints, kept until somebody reads it. execa throws away what nobody reads at once, and a program that is
 * started ahead of time is read late.
 */
function keptFor(printed: Readable): Readable {
  const kept = new PassThrough({ highWaterMark: 1 << 20 });
  printed.on('error', (error) => kept.destroy(error));
  return printed.pipe(kept);
}

export interface LongRunning {
  readonly pid: number | undefined;
  /** Our end of the socket pair, where one was asked for. */
  readonly socket: Duplex | undefined;
  /** Lines of its standard output, as they come. Ends when the program does. */
  lines(): AsyncIterable<string>;
  /** Writes to its standard input. */
  write(text: string): void;
  /** Closes its standard input; a program that reads to the end then finishes. */
  endInput(): void;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<{ exitCode: number | undefined; stderr: string }>;
  stop(): Promise<void>;
}

/**
 * Starts a program that goes on: an event source, a server. Standard input stays open as a pipe.
 * It ends with this process.
 */
export function start(file: string, parameters: readonly string[], options: CommandOptions = {}): LongRunning {
  const { socketFd } = options;
  const others = socketFd === undefined ? [] : Array.from({ length: socketFd - 3 }, () => 'ignore' as const);
  const child = execa(file, parameters, {
    stdio: ['pipe', 'pipe', 'pipe', ...others, ...(socketFd === undefined ? [] : ['pipe' as const])],
    reject: false,
    ...(options.outlives ? { cleanup: false, detached: true } : {}),
    buffer: { stdout: false, stderr: true, ...(socketFd === undefined ? {} : { [`fd${socketFd}`]: false }) },
    maxBuffer: 1_000_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const socket = socketFd === undefined ? undefined : (child.stdio[socketFd] as unknown as Duplex);
  socket?.on('error', () => undefined); // the other end may be gone; `ended` tells
  child.stdin.on('error', () => undefined); // it may end while we write; `ended` tells
  const output = keptFor(child.stdout);
  return {
    pid: child.pid,
    socket,
    lines: () => createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY }),
    write: (text) => {
      child.stdin.write(text);
    },
    endInput: () => {
      child.stdin.end();
    },
    ended: child.then((result) => ({ exitCode: result.exitCode, stderr: String(result.stderr ?? '') })),
    async stop() {
      child.kill('SIGTERM');
      await child.catch(() => undefined);
    },
  };
}

export interface Streaming {
  readonly input: Writable;
  readonly output: Readable;
  /** Resolves when it has ended well. @throws TagalongError `command-failed` */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Starts a program that turns one stream of bytes into another, such as tar. */
export function stream(file: string, parameters: readonly string[], options: CommandOptions = {}): Streaming {
  const child = execa(file, parameters, {
    stdin: 'pipe',
    encoding: 'buffer',
    buffer: { stdout: false, stderr: true },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  child.stdin.on('error', () => undefined); // it may end while we write; `done` tells
  const output = keptFor(child.stdout);
  const done = child.then(
    () => undefined,
    (error: ExecaError) => {
      throw failureOf(file, parameters, error);
    },
  );
  done.catch(() => undefined); // awaited later, perhaps never
  return {
    input: child.stdin,
    output,
    done,
    async stop() {
      child.kill('SIGKILL');
      await done.catch(() => undefined);
    },
  };
}
