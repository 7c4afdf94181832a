/**
 * Whether every topic that `inner` matches is matched by `outer` as well.
 *
 * Levels are an unbounded alphabet, so only a `+` covers a `+`. `inner` may be a plain topic: then this is matching.
 * [MQTT-4.7.1-2] `#` also stands for its parent level. [MQTT-4.7.2-1] Leading wildcards do not match `$` topics.
 */
export function contains(outer: string, inner: string): boolean {
  if (inner.startsWith('$') && /^[+#]/.test(outer)) return false;
  // a topic has at least one level, so at the top `#` says no more than `+/#`
  return coversLevels(outer.split('/'), inner === '#' ? ['+', '#'] : inner.split('/'));
}

function coversLevels(outer: string[], inner: string[]): boolean {
  const [outerFirst, ...outerRest] = outer;
  const [innerFirst, ...innerRest] = inner;
  if (outerFirst === '#') return true;
  if (outerFirst === undefined || innerFirst === undefined) return outerFirst === innerFirst;
  if (innerFirst === '#') return false;
  return (outerFirst === '+' || outerFirst === innerFirst) && coversLevels(outerRest, innerRest);
}

/** Whether some topic is matched by both filters. */
export function overlaps(one: string, other: string): boolean {
  const leadingWildcard = /^[+#]/;
  if (one.startsWith('$') && leadingWildcard.test(other)) return false;
  if (other.startsWith('$') && leadingWildcard.test(one)) return false;
  return levelsOverlap(one.split('/'), other.split('/'));
}

function levelsOverlap(one: string[], other: string[]): boolean {
  const [oneFirst, ...oneRest] = one;
  const [otherFirst, ...otherRest] = other;
  if (oneFirst === '#' || otherFirst === '#') return true;
  if (oneFirst === undefined || otherFirst === undefined) return oneFirst === otherFirst;
  return (oneFirst === '+' || otherFirst === '+' || oneFirst === otherFirst) && levelsOverlap(oneRest, otherRest);
}
