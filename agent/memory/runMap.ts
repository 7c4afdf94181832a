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
  const goesOn = (start: number, end: number, value: number, page: number, next: number) =>
    end === page && shifted(value, page - start) === next;

  /** Puts a run, or nothing, in place of what is there. */
  function replace(page: number, end: number, value: number | undefined): void {
    const pieces: [number, number, number][] = [];
    const add = (from: number, to: number, its: number) => {
      const before = pieces.at(-1);
      if (before !== undefined && goesOn(...before, from, its)) before[1] = to;
      else pieces.push([from, to, its]);
    };
    // neighbours are put back, as parts of the run where it goes on from them
    let first = firstEndingBehind(page);
    if (first > 0 && ends[first - 1] === page) first -= 1;
    let last = first; // behind the last run that is touched
    let rest: [number, number, number] | undefined;
    for (; last < starts.length && (starts[last] as number) <= end; last += 1) {
      const [from, to, its] = [starts[last] as number, ends[last] as number, values[last] as number];
      size -= Math.max(0, Math.min(to, end) - Math.max(from, page));
      if (from < page) add(from, Math.min(to, page), its);
      if (to > end) rest = [end, to, shifted(its, end - from)];
    }
    if (value !== undefined) {
      add(page, end, value);
      size += end - page;
    }
    if (rest !== undefined) add(...rest);
    starts.splice(first, last - first, ...pieces.map(([from]) => from));
    ends.splice(first, last - first, ...pieces.map(([, to]) => to));
    values.splice(first, last - first, ...pieces.map(([, , its]) => its));
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
        const isNext =
          last >= 0 && goesOn(starts[last] as number, ends[last] as number, values[last] as number, page, value);
        if (isNext) ends[last] = page + count;
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
