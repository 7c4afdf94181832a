import type { Duplex } from 'node:stream';
import type { PageRun, PageStore } from '../memory/pageStore.ts';
import { type CriuMessage, closedMessage, messageBytes, pagesMessage, readMessage } from './criuProtocol.ts';

/** Gives CRIU's lazy-pages daemon the pages that it asks for, in the order of its questions. */
export interface Delivery {
  /** More pages are there than before. */
  retry(): void;
}

/** At most so much goes out in one answer. */
const answerBytes = 256 << 10;
/**
 * What lies behind a page that a process waits for is most likely needed next, and each question costs a round trip. Where this
 * node has the pages from before, the source as a rule answers that they are the same, which is nearly nothing; else they
 * are sent.
 */
const aroundPages = { known: 32, unknown: 4 } as const;
const backgroundPages = 16;

type Question = Extract<CriuMessage, { kind: 'get' }>;

/**
 * @param socket - our end of the daemon's page-server socket
 * @param isThere - whether a page is as it was when the process was frozen
 * @param want - called for pages that the daemon waits for and that are not there
 */
export function startDelivery(options: {
  socket: Duplex;
  store: PageStore;
  isThere: (pid: number, page: number) => boolean;
  want: (run: PageRun) => void;
  onProblem: (problem: string) => void;
}): Delivery {
  const { socket, store, isThere, want } = options;
  const { pageBytes } = store;
  const questions: Question[] = [];
  let unread: Buffer = Buffer.alloc(0);

  /** How many pages from the first on are there. */
  function leading({ pid, address, pages }: Question): number {
    const first = address / pageBytes;
    const limit = Math.min(pages, Math.floor(answerBytes / pageBytes));
    let count = 0;
    while (count < limit && isThere(pid, first + count)) count += 1;
    return count;
  }

  /** The daemon asks for a single page when a process waits for it. */
  function wanted({ pid, address, pages }: Question): PageRun {
    const page = address / pageBytes;
    if (pages > 1) return { pid, page, count: Math.min(pages, backgroundPages) };
    return { pid, page, count: store.has(pid, page) ? aroundPages.known : aroundPages.unknown };
  }

  function answer(): void {
    try {
      answerInOrder();
    } catch (error) {
      // a process that waits is better than one that goes on with zeros, which is what the end of this one would bring
      options.onProblem(error instanceof Error ? error.message : String(error));
    }
  }

  /** The daemon takes answers in the order of its questions only; it asks again for what an answer leaves out. */
  function answerInOrder(): void {
    for (let question = questions[0]; question !== undefined; question = questions[0]) {
      const count = leading(question);
      if (count === 0) {
        for (const one of questions) want(wanted(one));
        return;
      }
      const content = Buffer.allocUnsafe(count * pageBytes);
      store.read({ pid: question.pid, page: question.address / pageBytes, count }, content);
      questions.shift();
      socket.write(pagesMessage({ pid: question.pid, address: question.address, pages: count }));
      socket.write(content);
    }
  }

  function hear(message: CriuMessage): void {
    if (message.kind === 'close') socket.write(closedMessage());
    else if (message.kind === 'unknown') options.onProblem(`CRIU said ${message.command}, which is not understood`);
    else questions.push(message);
  }

  socket.on('data', (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    for (; unread.length >= messageBytes; unread = unread.subarray(messageBytes)) hear(readMessage(unread));
    answer();
  });
  return { retry: answer };
}
