import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { start } from '../../host/command.ts';
import { freezerOf } from '../../host/freezer.ts';

/** A program that starts others all the time, as a shell does: with vfork(2), in which the parent waits for the child. */
const program = `
import os, sys
sys.stdin.readline()
while True:
    os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)
`;

/** The group's processes may need a moment to be gone. */
async function removeGroup(directory: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await wait(20);
    }
  }
}

test('programs that start others all the time stand still each time, whatever they are at', async (t) => {
  const v1 = '/sys/fs/cgroup/freezer';
  const directory = `${existsSync(`${v1}/cgroup.procs`) ? v1 : '/sys/fs/cgroup'}/freezer-test-${process.pid}`;
  mkdirSync(directory);
  t.teardown(() => removeGroup(directory));
  const children = [1, 2].map(() => start('python3', ['-c', program]));
  t.teardown(() => Promise.all(children.map((child) => child.stop())));
  for (const { pid } of children) writeFileSync(`${directory}/cgroup.procs`, `${pid}`);
  for (const child of children) child.write('\n');
  const freezer = await freezerOf(children[0]?.pid ?? 0);
  for (let time = 0; time < 1000; time += 1) {
    await freezer.freeze();
    t.true(await freezer.isFrozen());
    await freezer.thaw();
    await wait((time % 5) + 1);
  }
});
