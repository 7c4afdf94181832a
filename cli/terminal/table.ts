import type { Style } from './style.ts';

export interface Column<Row> {
  heading: string;
  /** The cell's text; undefined or empty is shown as a hyphen. */
  cell: (row: Row) => string | undefined;
  /** How the cell looks, if not plain. */
  paint?: (row: Row) => keyof Style | undefined;
  align?: 'left' | 'right';
}

/** What is shown comes from other machines: nothing of it may move the cursor. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
}

/** Rows as lines of aligned columns under a heading. */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string[] {
  const texts = rows.map((row) => columns.map((column) => printable(column.cell(row) || '-')));
  const widths = columns.map((column, index) =>
    Math.max(column.heading.length, ...texts.map((line) => line[index]?.length ?? 0)),
  );
  const pad = (text: string, index: number) => {
    const width = widths[index] ?? 0;
    if (columns[index]?.align === 'right') return text.padStart(width);
    return index === columns.length - 1 ? text : text.padEnd(width);
  };
  const heading = columns.map((column, index) => pad(column.heading, index)).join('  ');
  const lines = rows.map((row, line) =>
    columns
      .map((column, index) => {
        const meaning = column.paint?.(row);
        const text = pad(texts[line]?.[index] ?? '', index);
        return meaning === undefined ? text : style[meaning](text);
      })
      .join('  '),
  );
  return [style.heading(heading), ...lines];
}
