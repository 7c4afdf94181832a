/**
 * A map from the pages of one process to numbers, kept as runs: memory is mostly long runs, and a number for each page would
 * take more than a megabyte for each 100 MiB of it, in every table.
 *
 * A number from 0 on counts up along a run, as slots do that lie side by side; a negative one is the same for all of a run.
 */
export interface RunMap {
  /** How many pages it holds. */
  readonly size: number;
  get(page: number): number | undefined;
  /** Puts a run in place of what is there. @param value - of the first page */
  set(page: number, count: number, value: number): void;
  delete(page: number, count: number): void;
  /**
   * Calls for each stretch from a page on, also for those that are not in it, in order: as they are when it is called, whatever
   * is done to the map meanwhile.
   */
  stretches(page: number, count: number, call: (page: number, count: number, value: number | undefined) => void): void;
  /** Calls for each run, in order. */
  each(call: (page: number, count: number, value: number) => void): void;
}

const shifted = (value: number, by: number) => (value < 0 ? value : value + by);

export function makeRunMap(): RunMap {
  // side by side: a run of pages from `starts` up to, but not including, `ends`
  const starts: number[] = [];
  const ends: number[] = [];
  const values: number[] = [];
  let size = 0;
  /** Where the last page was found: the next one is most often near. */
  let hint = 0;

  /** The index of the first run that ends behind a page. */
  function firstEndingBehind(page: number): number {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function find(page: number): number | undefined {
    const isAt = (index: number) => (starts[index] as number) <= page && page < (ends[index] as number);
    if (hint < ends.length && isAt(hint)) return hint;
    const index = firstEndingBehind(page);
    if (index === ends.length || !isAt(index)) return undefined;
    hint = index;
    return index;
  }

  /** Whether a run that begins with `value` goes on where another one ends. */
  const goesOn = (index: number, page: number, value: number) =>
    ends[index] === page && shifted(values[index] as number, page - (starts[index] as number)) === value;

  /** Puts a run, or nothing, in place of what is there. */
  function replace(page: number, end: number, value: number | undefined): void {
    const first = firstEndingBehind(page);
    let last = first; // behind the last run that is touched
    const pieces: [number, number, number][] = [];
    const add = (from: number, to: number, its: number) => {
      const before = pieces.at(-1);
      if (before !== undefined && before[1] === from && shifted(before[2], from - before[0]) === its) before[1] = to;
      else pieces.push([from, to, its]);
    };
    let begin = first;
    // a neighbour that the run goes on from becomes a part of it
    if (value !== undefined && first > 0 && goesOn(first - 1, page, value)) {
      begin = first - 1;
      add(starts[begin] as number, ends[begin] as number, values[begin] as number);
    }
    let rest: [number, number, number] | undefined;
    for (; last < starts.length && (starts[last] as number) < end; last += 1) {
      const [from, to, its] = [starts[last] as number, ends[last] as number, values[last] as number];
      size -= Math.min(to, end) - Math.max(from, page);
      if (from < page) add(from, page, its);
      if (to > end) rest = [end, to, shifted(its, end - from)];
    }
    if (value !== undefined) {
      add(page, end, value);
      size += end - page;
    }
    if (rest !== undefined) add(...rest);
    else if (value !== undefined && last < starts.length && starts[last] === end) {
      const its = values[last] as number;
      if (shifted(value, end - page) === its) {
        add(end, ends[last] as number, its);
        last += 1;
      }
    }
    starts.splice(begin, last - begin, ...pieces.map(([from]) => from));
    ends.splice(begin, last - begin, ...pieces.map(([, to]) => to));
    values.splice(begin, last - begin, ...pieces.map(([, , its]) => its));
  }

  return {
    get size() {
      return size;
    },
    get(page) {
      const index = find(page);
      return index === undefined ? undefined : shifted(values[index] as number, page - (starts[index] as number));
    },
    set(page, count, value) {
      if (count <= 0) return;
      const last = ends.length - 1;
      // what is added in order, as most is, goes to the end
      if (last < 0 || page >= (ends[last] as number)) {
        if (last >= 0 && goesOn(last, page, value)) ends[last] = page + count;
        else {
          starts.push(page);
          ends.push(page + count);
          values.push(value);
        }
        size += count;
      } else replace(page, page + count, value);
    },
    delete(page, count) {
      if (count > 0) replace(page, page + count, undefined);
    },
    stretches(page, count, call) {
      const end = page + count;
      const found: [number, number, number | undefined][] = [];
      let at = page;
      for (let index = firstEndingBehind(page); at < end; index += 1) {
        const from = starts[index] ?? end;
        if (from > at) found.push([at, Math.min(from, end) - at, undefined]);
        at = Math.max(at, from);
        if (at >= end) break;
        const to = Math.min(ends[index] as number, end);
        found.push([at, to - at, shifted(values[index] as number, at - from)]);
        at = to;
      }
      for (const stretch of found) call(...stretch);
    },
    each(call) {
      for (const [index, start] of starts.entries())
        call(start, (ends[index] as number) - start, values[index] as number);
    },
  };
}
