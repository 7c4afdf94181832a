import test from 'ava';
import { element, textAt } from '../../../../bench/report/plot/element.ts';
import { plot } from '../../../../bench/report/plot/plot.ts';
import { cell, emptyCell, gap } from '../support.ts';

test('texts and attributes cannot end an element', (t) => {
  t.is(element('a', { b: '"<&>', c: 1.26 }), '<a b="&quot;&lt;&amp;&gt;" c="1.3"/>');
  t.is(textAt(1, 2, 'a < b & c'), '<text x="1" y="2">a &lt; b &amp; c</text>');
});

const numbersOf = (svg: string, name: string) =>
  [...svg.matchAll(new RegExp(` ${name}="([-\\d.]+)"`, 'g'))].map(([, number]) => Number(number));

test('a panel for each condition, a dot for each contestant that was measured', (t) => {
  const svg = plot([
    cell('tagalong-auto', { clientGapMs: { p50: 100, min: 50, max: 200 } }),
    cell('podman', { clientGapMs: { p50: 1000, min: 900, max: 2000 } }),
    emptyCell('recipe-hybrid', { refused: true }),
    cell('tagalong-auto', { linkMbps: 20, clientGapMs: gap(100) }),
    emptyCell('podman', { linkMbps: 20 }),
  ]);
  t.is(svg.match(/<g /g)?.length, 2);
  t.is(svg.match(/<circle /g)?.length, 3);
  t.is(svg.match(/>refused</g)?.length, 1);
  t.is(svg.match(/>failed</g)?.length, 1);
  t.regex(svg, /64 MiB, 0 MB\/s dirty, 20 Mbit\/s/);
});

test('who is silent ten times as long lies one decade further to the right, in each panel', (t) => {
  const svg = plot([
    cell('tagalong-auto', { clientGapMs: gap(100) }),
    cell('podman', { clientGapMs: gap(1000) }),
    cell('recipe-cold', { clientGapMs: gap(10_000) }),
    cell('podman', { linkMbps: 20, clientGapMs: gap(1000) }),
  ]);
  const [first = 0, second = 0, third = 0, elsewhere = 0] = numbersOf(svg, 'cx');
  t.true(second > first);
  t.true(Math.abs(third - second - (second - first)) < 0.2);
  t.is(elsewhere, second);
});

test('all is inside of the picture, and the markup is whole, however many panels there are', (t) => {
  const cells = [1, 2, 3, 4, 5].flatMap((memoryMiB) => [
    cell('tagalong-auto', { memoryMiB }),
    cell('podman', { memoryMiB }),
  ]);
  const svg = plot(cells);
  const [width = 0] = numbersOf(svg, 'width');
  const [height = 0] = numbersOf(svg, 'height');
  for (const [, x, y] of svg.matchAll(/translate\((\d+) (\d+)\)/g)) {
    t.true(Number(x) + 430 <= width);
    t.true(Number(y) + 50 <= height);
  }
  const opened = [...svg.matchAll(/<([a-z]+)\b(?:[^>]*[^/>])?>/g)].map(([, name]) => name);
  const closed = [...svg.matchAll(/<\/([a-z]+)>/g)].map(([, name]) => name);
  t.deepEqual(opened.toSorted(), closed.toSorted());
});

test('nothing measured is an empty picture', (t) => {
  t.regex(plot([]), /^<svg [^>]*viewBox="0 0 \d+ \d+"/);
});
