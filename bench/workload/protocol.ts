/** One answer of the workload; see service.py. */
export type Answer =
  | { kind: 'hello'; incarnation: string; pages: number }
  | { kind: 'answer'; number: number; received: number; worstGapUs: number }
  | {
      kind: 'memory';
      id: string;
      damagedPages: number;
      lostRewrites: number;
      changedPages: number;
      rewrittenPages: number;
      received: number;
    }
  | { kind: 'epoch'; id: string }
  | { kind: 'changed'; id: string; pages: number }
  | { kind: 'unknown'; line: string };

export type AnswerOf<K extends Answer['kind']> = Extract<Answer, { kind: K }>;

const whole = (text: string | undefined): number =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;

function read(word: string | undefined, first: string, others: readonly string[]): Answer | undefined {
  const numbers = others.map(whole);
  const [second = Number.NaN, third = Number.NaN, fourth = Number.NaN, fifth = Number.NaN, sixth = Number.NaN] =
    numbers;
  switch (word) {
    case 'H':
      return { kind: 'hello', incarnation: first, pages: second };
    case 'A':
      return { kind: 'answer', number: whole(first), received: second, worstGapUs: third };
    case 'V':
      return {
        ...{ kind: 'memory', id: first, damagedPages: second, lostRewrites: third },
        ...{ changedPages: fourth, rewrittenPages: fifth, received: sixth },
      };
    case 'E':
      return { kind: 'epoch', id: first };
    case 'C':
      return { kind: 'changed', id: first, pages: second };
    default:
      return undefined;
  }
}

/** Reads one line of the workload; a line that is not of the protocol comes back as `unknown`. */
export function parseAnswer(line: string): Answer {
  const [word, first = '', ...others] = line.split(' ');
  const answer = read(word, first, others);
  const sound = answer !== undefined && Object.values(answer).every((value) => !Number.isNaN(value) && value !== '');
  return sound ? answer : { kind: 'unknown', line };
}
