import { conditionsText, msText } from '../conditionsText.ts';
import { chooser } from '../lost.ts';
import type { Cell } from '../runs.ts';
import { element, textAt } from './element.ts';
import type { LogScale } from './scale.ts';

export const panelWidth = 430;
const rowHeight = 17;
const titleHeight = 26;
const axisHeight = 24;
const labelWidth = 158;
const valueWidth = 62;

/** How tall a panel with so many contestants is. */
export function panelHeight(rows: number): number {
  return titleHeight + rows * rowHeight + axisHeight;
}

function colourOf(contestant: string): string {
  if (contestant === chooser) return '#0a5c8f';
  if (contestant.startsWith('tagalong')) return '#4a9cc9';
  return contestant === 'floor' ? '#777777' : '#c8651b';
}

function tickText(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

function row(cell: Cell, top: number, x: (ms: number) => number): string {
  const middle = top + rowHeight / 2;
  const colour = colourOf(cell.contestant);
  const weight = cell.contestant === chooser ? 'bold' : 'normal';
  const label = textAt(labelWidth - 8, middle + 4, cell.contestant, { 'text-anchor': 'end', 'font-weight': weight });
  const right = { 'text-anchor': 'end', fill: '#444444' };
  if (cell.clientGapMs === null) {
    return label + textAt(panelWidth - 4, middle + 4, cell.refused ? 'refused' : 'failed', right);
  }
  const { p50, min, max } = cell.clientGapMs;
  const spread = element('line', { x1: x(min), y1: middle, x2: x(max), y2: middle, stroke: colour, 'stroke-width': 3 });
  const dot = element('circle', { cx: x(p50), cy: middle, r: 4.5, fill: colour });
  return label + spread + dot + textAt(panelWidth - 4, middle + 4, msText(p50), right);
}

/**
 * The contestants of one condition under each other: a dot at the median of the silence, a line from the shortest to the
 * longest.
 */
export function panel(cells: readonly Cell[], scale: LogScale): string {
  const right = panelWidth - valueWidth;
  const x = (ms: number) => labelWidth + scale.at(ms) * (right - labelWidth);
  const bottom = titleHeight + cells.length * rowHeight;
  const grid = scale.ticks.map(
    (tick) =>
      element('line', { x1: x(tick), y1: titleHeight - 4, x2: x(tick), y2: bottom, stroke: '#dddddd' }) +
      textAt(x(tick), bottom + 14, tickText(tick), { 'text-anchor': 'middle', fill: '#666666' }),
  );
  const first = cells[0];
  const title = first === undefined ? '' : textAt(4, 14, conditionsText(first), { 'font-weight': 'bold' });
  return [title, ...grid, ...cells.map((cell, index) => row(cell, titleHeight + index * rowHeight, x))].join('\n');
}
