import { connect, type Socket } from 'node:net';
import { makeMessageRecord } from './account.ts';
import { expectedJournal } from './journal.ts';
import { type Answer, parseAnswer } from './protocol.ts';
import { makeSilenceRecord } from './silences.ts';

export interface ClientOptions {
  host: string;
  port: number;
  /** A message each so many milliseconds. */
  everyMs?: number;
  /** How long the service may take for its answer to a report's questions, a migration included. */
  answerMs?: number;
}

/** What the client saw since the last report. */
export interface ClientReport {
  sent: number;
  answered: number;
  lost: number;
  duplicated: number;
  longestSilenceMs: number;
  /** When the longest silence began, milliseconds since the epoch. */
  silenceStartedAtMs: number;
  connectionSurvived: boolean;
  /** The digest over the whole memory is the one from before the first message, by the same run of the service. */
  memoryIntact: boolean;
  /** The journal is, byte for byte, what the messages sent must have made it. */
  filesIntact: boolean;
  memoryBytes: number;
  journalLines: number;
  /** Why something of the above is not right. */
  problem?: string;
}

/** The client of the demo's service: one connection, kept open, numbered messages. */
export interface Client {
  /** Asks the service for its memory and files, waits for all answers up to now, and begins a new window. */
  report(): Promise<ClientReport>;
  stop(): void;
}

const epochMs = () => performance.timeOrigin + performance.now();

function connected(options: ClientOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: options.host, port: options.port, noDelay: true });
  socket.setTimeout(10_000, () => socket.destroy(new Error('no connection within 10 s')));
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.setTimeout(0);
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}

function onLine(socket: Socket, listener: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) listener(line);
  });
}

/** Lets code wait for the one answer that fits. */
function makeExpectations() {
  const expected = new Set<{ fits: (answer: Answer) => boolean; resolve: (answer: Answer) => void }>();
  return {
    hear(answer: Answer) {
      for (const one of expected) {
        if (!one.fits(answer)) continue;
        expected.delete(one);
        one.resolve(answer);
      }
    },
    next<T extends Answer>(fits: (answer: Answer) => answer is T, waitMs: number): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const one = { fits, resolve: (answer: Answer) => resolve(answer as T) };
      expected.add(one);
      const timer = setTimeout(() => {
        expected.delete(one);
        reject(new Error(`the service did not answer within ${waitMs} ms`));
      }, waitMs);
      return promise.finally(() => clearTimeout(timer));
    },
  };
}

type Of<K extends Answer['kind']> = Extract<Answer, { kind: K }>;
const isHello = (answer: Answer): answer is Of<'hello'> => answer.kind === 'hello';

/**
 * Connects to a service that nobody else talks to and sends it a numbered message each 10 ms.
 *
 * @throws Error where the service cannot be reached or does not say hello
 */
export async function startClient(options: ClientOptions): Promise<Client> {
  const { everyMs = 10, answerMs = 60_000 } = options;
  const socket = await connected(options);
  const messages = makeMessageRecord();
  const expectations = makeExpectations();
  let problem: string | undefined;
  let broken = false;
  let stopped = false;
  const silences = makeSilenceRecord(epochMs());
  const say = (line: string) => void (socket.writable && socket.write(`${line}\n`));
  socket.on('error', (error) => {
    problem ??= error.message;
  });
  socket.on('close', () => {
    broken = true;
    if (!stopped) problem ??= 'the connection was closed';
  });
  onLine(socket, (line) => {
    const answer = parseAnswer(line);
    if (answer.kind === 'answer') {
      silences.heard(epochMs());
      messages.answer(answer.number);
    } else if (answer.kind === 'unknown') problem ??= `unknown answer "${answer.line.slice(0, 80)}"`;
    else expectations.hear(answer);
  });
  const hello = expectations.next(isHello, answerMs);
  say('H');
  const birth = await hello.catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  const timer = setInterval(() => say(`M ${messages.send()}`), everyMs);
  let reports = 0;

  return {
    async report() {
      reports += 1;
      const id = String(reports);
      const upTo = messages.last; // nothing else is sent before the two questions below
      const files = expectations.next((one): one is Of<'files'> => one.kind === 'files' && one.id === id, answerMs);
      const memory = expectations.next((one): one is Of<'memory'> => one.kind === 'memory' && one.id === id, answerMs);
      const again = expectations.next(isHello, answerMs);
      say(`F ${id}`);
      say(`V ${id}`);
      say('H');
      const answers = await Promise.all([files, memory, again]).catch((error: unknown) => {
        problem ??= error instanceof Error ? error.message : String(error);
        return undefined;
      });
      const survived = !broken && socket.readyState === 'open';
      const { startedAtMs, durationMs } = silences.close(epochMs());
      const seen = { longestSilenceMs: durationMs, silenceStartedAtMs: startedAtMs, connectionSurvived: survived };
      if (answers === undefined) {
        const unknown = { memoryIntact: false, filesIntact: false, memoryBytes: birth.memoryBytes, journalLines: 0 };
        return { ...messages.close(upTo), ...seen, ...unknown, ...(problem ? { problem } : {}) };
      }
      const [fileState, memoryState, present] = answers;
      const wanted = expectedJournal(upTo);
      return {
        ...messages.close(upTo, fileState.received),
        ...seen,
        memoryIntact:
          memoryState.digest === birth.digest &&
          memoryState.damagedBlocks === 0 &&
          present.incarnation === birth.incarnation &&
          present.memoryBytes === birth.memoryBytes,
        filesIntact:
          fileState.lines === wanted.lines && fileState.bytes === wanted.bytes && fileState.sha256 === wanted.sha256,
        memoryBytes: present.memoryBytes,
        journalLines: fileState.lines,
        ...(problem ? { problem } : {}),
      };
    },
    stop() {
      stopped = true;
      clearInterval(timer);
      socket.destroy();
    },
  };
}
