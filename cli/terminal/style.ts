type Paint = (text: string) => string;

/** Names of what a text means, not of colours. */
export interface Style {
  heading: Paint;
  good: Paint;
  bad: Paint;
  caution: Paint;
  quiet: Paint;
  name: Paint;
}

/** ECMA-48 select graphic rendition. */
function paint(code: number): Paint {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}

const plain: Paint = (text) => text;

/** The style of a terminal, or one that leaves all texts as they are. */
export function makeStyle(colours: boolean): Style {
  if (!colours) return { heading: plain, good: plain, bad: plain, caution: plain, quiet: plain, name: plain };
  return { heading: paint(1), good: paint(32), bad: paint(31), caution: paint(33), quiet: paint(2), name: paint(36) };
}
