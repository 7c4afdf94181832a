import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { openLeftGates } from '../../../agent/containers/leftGates.ts';
import { barrierScript } from '../../../agent/containers/waitingRestore.ts';
import { temporary } from '../memory/support/temporary.ts';

/** CRIU's action script at a barrier whose agent has ended before the script came to it. */
function room(top: string, outcome: string | undefined) {
  const barrier = join(top, 'migrations/m1/barrier');
  mkdirSync(barrier, { recursive: true });
  const gate = { reachedPath: join(barrier, 'reached'), answerPath: join(barrier, 'answer') };
  execFileSync('mkfifo', [gate.reachedPath, gate.answerPath]);
  const outcomeFile = join(top, 'm1.json');
  if (outcome !== undefined)
    writeFileSync(outcomeFile, JSON.stringify({ migration: 'committed', container: 'committed', outcome }));
  const script = join(top, 'script');
  writeFileSync(script, barrierScript(gate, outcomeFile), { mode: 0o700 });
  return (action: string) => spawn(script, { env: { ...process.env, CRTOOLS_SCRIPT_ACTION: action }, stdio: 'ignore' });
}

for (const [outcome, code] of [
  ['committed', 0],
  ['aborted', 1],
  [undefined, 2],
] as const)
  test(`at a barrier that nobody holds any more, ${outcome ?? 'nothing'} was written down`, async (t) => {
    const top = temporary(t);
    const script = room(top, outcome)('post-restore');
    await wait(50);
    t.is(script.exitCode, null);
    await openLeftGates(join(top, 'migrations'));
    const [exitCode] = await once(script, 'exit');
    t.is(exitCode, code);
  });

test('what is told when nobody listens does not hold CRIU up', async (t) => {
  const [exitCode] = await once(room(temporary(t), undefined)('post-resume'), 'exit');
  t.is(exitCode, 0);
});

test('where nothing was left there is nothing to do', async (t) => {
  await t.notThrowsAsync(openLeftGates(join(temporary(t), 'migrations')));
});
