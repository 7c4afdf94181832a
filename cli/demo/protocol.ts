/** An answer of the demo's service; see service.py. */
export type Answer =
  | { kind: 'hello'; incarnation: string; digest: string; memoryBytes: number }
  | { kind: 'answer'; number: number; received: number }
  | { kind: 'memory'; id: string; digest: string; damagedBlocks: number }
  | { kind: 'files'; id: string; lines: number; bytes: number; sha256: string; received: number }
  | { kind: 'unknown'; line: string };

const whole = (text: string | undefined): number =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;

/** Reads one line of the service; a line that is not of the protocol comes back as `unknown`. */
export function parseAnswer(line: string): Answer {
  const [word, first = '', second = '', ...rest] = line.split(' ');
  const answer = ((): Answer | undefined => {
    if (word === 'H') return { kind: 'hello', incarnation: first, digest: second, memoryBytes: whole(rest[0]) };
    if (word === 'A') return { kind: 'answer', number: whole(first), received: whole(second) };
    if (word === 'V') return { kind: 'memory', id: first, digest: second, damagedBlocks: whole(rest[0]) };
    if (word !== 'F') return undefined;
    const [bytes, sha256 = '', received] = rest;
    return { kind: 'files', id: first, lines: whole(second), bytes: whole(bytes), sha256, received: whole(received) };
  })();
  const sound = answer !== undefined && Object.values(answer).every((value) => !Number.isNaN(value) && value !== '');
  return sound ? answer : { kind: 'unknown', line };
}
