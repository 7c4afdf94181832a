import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeGate } from '../../../agent/containers/gate.ts';
import { criuScript } from '../../../agent/containers/waitingRestore.ts';
import { temporary } from '../memory/support/temporary.ts';

test('while CRIU is held, runC finds descriptors 0 to 2 of its process where it put them', async (t) => {
  const top = temporary(t);
  const [held, real] = [join(top, 'held'), join(top, 'real')];
  for (const directory of [held, real]) mkdirSync(directory);
  const gate = await makeGate(join(top, 'gate'));
  t.teardown(gate.close);
  writeFileSync(join(held, 'criu'), criuScript(gate, held), { mode: 0o700 });
  writeFileSync(join(real, 'criu'), '#!/bin/sh\necho "$@"\n', { mode: 0o700 });
  const paths = ['0', '1', '2'].map((number) => join(top, number));
  const started = (parameter: string) =>
    spawn(join(held, 'criu'), [parameter], {
      env: { PATH: `${held}:${real}:${process.env['PATH']}` },
      stdio: paths.map((path) => openSync(path, 'a+')),
    });

  const [code] = await once(started('version'), 'exit');
  t.is(code, 0);
  t.is(readFileSync(paths[1] ?? '', 'utf8'), 'version\n');

  const restoring = started('restore');
  await gate.reached('waiting');
  const leadTo = ['0', '1', '2'].map((number) => readlinkSync(`/proc/${restoring.pid}/fd/${number}`));
  t.deepEqual(leadTo, paths);
  gate.answer('go');
  await once(restoring, 'exit');
  t.is(readFileSync(paths[1] ?? '', 'utf8'), 'version\nrestore\n');

  const givenUp = started('restore');
  gate.answer('no');
  t.deepEqual(await once(givenUp, 'exit'), [1, null]);
  t.is(readFileSync(paths[1] ?? '', 'utf8'), 'version\nrestore\n');
});
