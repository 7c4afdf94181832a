import { groupsOf } from '../lost.ts';
import type { Cell } from '../runs.ts';
import { element, textAt } from './element.ts';
import { panel, panelHeight, panelWidth } from './panel.ts';
import { logScale } from './scale.ts';

const columns = 3;
const margin = 16;
const headHeight = 44;

const title = 'Longest silence that a client saw while its container moved';

/**
 * The silences that clients saw as a picture (SVG 1.1): a panel for each condition, one axis for all.
 *
 * @param cells - in the order in which they are shown
 */
export function plot(cells: readonly Cell[]): string {
  const groups = groupsOf(cells);
  const scale = logScale(
    cells.flatMap(({ clientGapMs }) => (clientGapMs === null ? [] : [clientGapMs.min, clientGapMs.max])),
  );
  const count = Math.min(columns, Math.max(1, groups.length));
  const rows = Array.from({ length: Math.ceil(groups.length / count) }, (_, index) =>
    groups.slice(index * count, (index + 1) * count),
  );
  let top = headHeight;
  const panels = rows.flatMap((row) => {
    const drawn = row.map((group, column) => {
      const place = `translate(${margin + column * (panelWidth + margin)} ${top})`;
      return element('g', { transform: place }, panel(group, scale));
    });
    top += Math.max(...row.map((group) => panelHeight(group.length))) + margin;
    return drawn;
  });
  const width = margin + count * (panelWidth + margin);
  const head =
    textAt(margin, 20, title, {
      'font-size': 15,
      'font-weight': 'bold',
    }) + textAt(margin, 37, 'dot: median; line: shortest to longest run; logarithmic scale', { fill: '#444444' });
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${top}`,
    width,
    height: top,
    'font-family': 'sans-serif',
    'font-size': 11.5,
    fill: '#111111',
  };
  const background = element('rect', { width, height: top, fill: '#ffffff' });
  return `${element('svg', attributes, ['', element('title', {}, title), background, head, ...panels, ''].join('\n'))}\n`;
}
