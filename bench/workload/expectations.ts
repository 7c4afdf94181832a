import type { Answer, AnswerOf } from './protocol.ts';

/** Lets code wait for the one answer that fits a question. */
export interface Expectations {
  hear(answer: Answer): void;
  /**
   * The next answer of a kind, with an id where the kind has one.
   * @throws Error after `waitMs`
   */
  next<K extends Answer['kind']>(kind: K, id: string | undefined, waitMs: number): Promise<AnswerOf<K>>;
}

export function makeExpectations(): Expectations {
  const expected = new Set<{ fits(answer: Answer): boolean; resolve(answer: Answer): void }>();
  return {
    hear(answer) {
      for (const one of expected) {
        if (!one.fits(answer)) continue;
        expected.delete(one);
        one.resolve(answer);
      }
    },
    next(kind, id, waitMs) {
      const { promise, resolve, reject } = Promise.withResolvers<AnswerOf<typeof kind>>();
      const one = {
        fits: (answer: Answer) => answer.kind === kind && (!('id' in answer) || answer.id === id),
        resolve: (answer: Answer) => resolve(answer as AnswerOf<typeof kind>),
      };
      expected.add(one);
      const timer = setTimeout(() => {
        expected.delete(one);
        reject(new Error(`the workload did not answer within ${waitMs} ms`));
      }, waitMs);
      return promise.finally(() => clearTimeout(timer));
    },
  };
}
