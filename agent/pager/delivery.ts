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
        for (const { pid, address, pages } of questions)
          want({ pid, page: address / pageBytes, count: Math.min(pages, 16) });
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
