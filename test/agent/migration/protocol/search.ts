/** One thing that can happen next. */
export interface Step<S> {
  label: string;
  next: S;
  /** A crash, a power cut: nothing that may be waited for. */
  isMishap: boolean;
}

/** What an exhaustive search found. */
export interface Found<S> {
  states: number;
  steps: number;
  /** The shortest way to a state that must not be. */
  violation?: { rule: string; trace: string[]; state: S };
  /** The shortest way to a state from which no way without a mishap leads to an end. */
  stuck?: { trace: string[]; state: S };
}

/**
 * Walks through all states that can be reached, in the order of their distance.
 *
 * @param forbidden - names the rule that a state breaks, if any
 * @param isEnd - whether all is well and nothing is left to be done
 * @param mustEnd - whether an end has to be within reach of a state
 */
export function search<S extends object>(
  start: S,
  stepsFrom: (state: S) => Step<S>[],
  forbidden: (state: S) => string | undefined,
  isEnd: (state: S) => boolean,
  mustEnd: (state: S) => boolean,
): Found<S> {
  const keyOf = (state: S) => JSON.stringify(state);
  const known = new Map<string, { state: S; from?: string; label: string }>();
  /** For each state, those from which it is reached without a mishap. */
  const before = new Map<string, string[]>();
  const traceOf = (key: string): string[] => {
    const { from, label } = known.get(key) ?? { label: '' };
    return from === undefined ? [] : [...traceOf(from), label];
  };
  let steps = 0;
  known.set(keyOf(start), { state: start, label: 'start' });
  for (const [key, { state }] of known) {
    const rule = forbidden(state);
    if (rule !== undefined) return { states: known.size, steps, violation: { rule, trace: traceOf(key), state } };
    for (const { label, next, isMishap } of stepsFrom(state)) {
      steps += 1;
      const nextKey = keyOf(next);
      if (!known.has(nextKey)) known.set(nextKey, { state: next, from: key, label });
      if (isMishap) continue;
      const those = before.get(nextKey);
      if (those === undefined) before.set(nextKey, [key]);
      else those.push(key);
    }
  }
  const canEnd = new Set([...known].filter(([, { state }]) => isEnd(state)).map(([key]) => key));
  for (const key of canEnd) for (const earlier of before.get(key) ?? []) canEnd.add(earlier);
  for (const [key, { state }] of known)
    if (mustEnd(state) && !canEnd.has(key)) return { states: known.size, steps, stuck: { trace: traceOf(key), state } };
  return { states: known.size, steps };
}
