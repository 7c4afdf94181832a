import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { makeMessageRecord } from '../../cli/demo/account.ts';
import { makeSilenceRecord } from '../../cli/demo/silences.ts';
import { makeExpectations } from './expectations.ts';
import { makeGapRecord } from './gaps.ts';
import { parseAnswer } from './protocol.ts';

export interface ProbeOptions {
  host: string;
  port: number;
  /** A message each so many milliseconds. */
  everyMs: number;
  /** How long the workload may take for its answer to a report's question, a migration included. */
  answerMs?: number;
}

/** What the client saw since the last report. */
export interface ProbeReport {
  sent: number;
  lost: number;
  duplicated: number;
  longestSilenceMs: number;
  connectionSurvived: boolean;
  /** No page is damaged, no rewriting was lost, and it is the same run of the workload as at first. */
  memoryIntact: boolean;
  /** Pages rewritten since the last mark, each counted once. */
  changedPages: number;
  /** Rewritings since the workload started. */
  rewrittenPages: number;
  /** Why something of the above is not right. */
  problem?: string;
}

/** The client of the workload: one connection, kept open, numbered messages. */
export interface Probe {
  /** Lets the workload look at all of its memory, waits for all answers up to now, and begins a new window. */
  report(): Promise<ProbeReport>;
  /** From now on reports count changed pages anew. */
  mark(): Promise<void>;
  /** Lets the workload rewrite so many different pages, chosen at random. */
  change(pages: number): Promise<void>;
  /** The workload's worst scheduling gap in a time, in milliseconds since the epoch; undefined where it said nothing. */
  worstGapMs(fromMs: number, toMs: number): number | undefined;
  stop(): void;
}

const epochMs = () => performance.timeOrigin + performance.now();
const connectLimitMs = 10_000;

async function connected({ host, port }: ProbeOptions): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  socket.setTimeout(connectLimitMs, () => socket.destroy(new Error(`no connection within ${connectLimitMs} ms`)));
  await once(socket, 'connect');
  socket.setTimeout(0);
  return socket;
}

/**
 * Connects to a workload that nobody else talks to and sends it a numbered message at a steady rate.
 *
 * @throws Error where the workload cannot be reached or does not say hello
 */
export async function startProbeClient(options: ProbeOptions): Promise<Probe> {
  const { everyMs, answerMs = 60_000 } = options;
  const socket = await connected(options);
  const messages = makeMessageRecord();
  const expectations = makeExpectations();
  const gaps = makeGapRecord();
  const silences = makeSilenceRecord(epochMs());
  let problem: string | undefined;
  let broken = false;
  let stopped = false;
  let questions = 0;
  const say = (line: string) => void (socket.writable && socket.write(`${line}\n`));
  socket.on('error', (error) => {
    problem ??= error.message;
  });
  socket.on('close', () => {
    broken = true;
    if (!stopped) problem ??= 'the connection was closed';
  });
  const lines = createInterface({ input: socket });
  lines.on('error', () => undefined); // the socket's own, which is told above
  lines.on('line', (line) => {
    const answer = parseAnswer(line);
    if (answer.kind === 'answer') {
      silences.heard(epochMs());
      gaps.heard(epochMs(), answer.worstGapUs / 1000);
      messages.answer(answer.number);
    } else if (answer.kind === 'unknown') problem ??= `unknown answer "${answer.line.slice(0, 80)}"`;
    else expectations.hear(answer);
  });
  const hello = expectations.next('hello', undefined, answerMs);
  say('H');
  const birth = await hello.catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  const timer = setInterval(() => say(`M ${messages.send()}`), everyMs);
  const nextId = () => {
    questions += 1;
    return String(questions);
  };

  return {
    async report() {
      const id = nextId();
      const upTo = messages.last; // nothing else is sent before the two questions below
      const memory = expectations.next('memory', id, answerMs);
      const again = expectations.next('hello', undefined, answerMs);
      say(`V ${id}`);
      say('H');
      const answers = await Promise.all([memory, again]).catch((error: unknown) => {
        problem ??= error instanceof Error ? error.message : String(error);
        return undefined;
      });
      const connectionSurvived = !broken && socket.readyState === 'open';
      const longestSilenceMs = silences.close(epochMs()).durationMs;
      const [state, present] = answers ?? [];
      const { sent, lost, duplicated } = messages.close(upTo, state?.received);
      return {
        ...{ sent, lost, duplicated, longestSilenceMs, connectionSurvived },
        memoryIntact:
          state?.damagedPages === 0 &&
          state.lostRewrites === 0 &&
          present?.incarnation === birth.incarnation &&
          present.pages === birth.pages,
        changedPages: state?.changedPages ?? 0,
        rewrittenPages: state?.rewrittenPages ?? 0,
        ...(problem === undefined ? {} : { problem }),
      };
    },
    async mark() {
      const id = nextId();
      const marked = expectations.next('epoch', id, answerMs);
      say(`E ${id}`);
      await marked;
    },
    async change(pages) {
      const id = nextId();
      const changed = expectations.next('changed', id, answerMs);
      say(`C ${id} ${pages}`);
      await changed;
    },
    worstGapMs: (fromMs, toMs) => gaps.worstBetween(fromMs, toMs),
    stop() {
      stopped = true;
      clearInterval(timer);
      socket.destroy();
    },
  };
}
