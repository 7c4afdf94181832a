import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { makeGracePeriods } from '../../host/gracePeriods.ts';
import { temporary } from '../agent/memory/support/temporary.ts';

function files(top: string, value: string) {
  const [note, control] = [join(top, 'note'), join(top, 'rcu_expedited')];
  writeFileSync(control, `${value}\n`);
  return { note, control, value: () => readFileSync(control, 'utf8').trim() };
}

test('grace periods are hastened for two seconds after the last word, and then no more', async (t) => {
  const { note, control, value } = files(temporary(t), '0');
  const periods = makeGracePeriods(note, control);
  t.is(value(), '0');
  periods.hasten();
  t.is(value(), '1');
  await wait(1200);
  periods.hasten();
  await wait(1200);
  t.is(value(), '1');
  await wait(1500);
  t.is(value(), '0');
  t.false(existsSync(note));
  periods.hasten();
  periods.close();
  t.is(value(), '0');
});

test('what somebody else has turned on stays on', (t) => {
  const { note, control, value } = files(temporary(t), '1');
  const periods = makeGracePeriods(note, control);
  periods.hasten();
  periods.close();
  t.is(value(), '1');
});

test('what a run that was killed has left is turned back by the next one', (t) => {
  const { note, control, value } = files(temporary(t), '0');
  makeGracePeriods(note, control).hasten();
  t.is(value(), '1');
  const next = makeGracePeriods(note, control);
  t.is(value(), '0');
  next.close();
});

test('where the kernel has no such switch nothing happens', (t) => {
  const top = temporary(t);
  const periods = makeGracePeriods(join(top, 'note'), join(top, 'missing'));
  t.notThrows(() => periods.hasten());
  t.false(existsSync(join(top, 'note')));
  periods.close();
});
