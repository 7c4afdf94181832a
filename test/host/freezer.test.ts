import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { start } from '../../host/command.ts';
import { type Freezer, freezerOf } from '../../host/freezer.ts';

/** A program that starts others all the time, as a shell does: with vfork(2), in which the parent waits for the child. */
const program = `
import os, sys
sys.stdin.readline()
while True:
    os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)
`;

let groups = 0;

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

async function groupOf(
  t: ExecutionContext,
  texts: readonly string[],
): Promise<{ pids: number[]; freezer: Freezer; begin(): void }> {
  const v1 = '/sys/fs/cgroup/freezer';
  groups += 1;
  const directory = `${existsSync(`${v1}/cgroup.procs`) ? v1 : '/sys/fs/cgroup'}/freezer-test-${process.pid}-${groups}`;
  mkdirSync(directory);
  t.teardown(() => removeGroup(directory));
  const children = texts.map((text) => start('python3', ['-c', text]));
  t.teardown(() => Promise.all(children.map((child) => child.stop())));
  const pids = children.map(({ pid }) => pid ?? 0);
  for (const pid of pids) writeFileSync(`${directory}/cgroup.procs`, `${pid}`);
  return {
    pids,
    freezer: await freezerOf(pids[0] ?? 0),
    begin() {
      for (const child of children) child.write('\n');
    },
  };
}

test('programs that start others all the time stand still each time, whatever they are at', async (t) => {
  const { freezer, begin } = await groupOf(t, [program, program]);
  begin();
  for (let time = 0; time < 1000; time += 1) {
    await freezer.freeze();
    t.true(await freezer.isFrozen());
    await freezer.thaw();
    await wait((time % 5) + 1);
  }
});

test('no program stands still in the middle of starting another one, where no tracer could stop it', async (t) => {
  const { pids, freezer, begin } = await groupOf(t, [program]);
  begin();
  const [pid = 0] = pids;
  const whereItWaits = () => readFileSync(`/proc/${pid}/wchan`, 'utf8');
  let caught = 0;
  for (let time = 0; time < 500; time += 1) {
    await freezer.freeze();
    if (whereItWaits() === 'kernel_clone') caught += 1;
    await freezer.thaw();
    await freezer.freezeTraceable();
    t.true(await freezer.isFrozen());
    t.not(whereItWaits(), 'kernel_clone');
    await freezer.thaw();
    await wait((time % 5) + 1);
  }
  t.log(`${caught} of 500 times the plain freezer left it there`);
  t.true(caught > 0, 'else this has shown nothing');
});
