import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const project = resolve(import.meta.dirname, '../..');

/** Runs bin/test in a small project of its own that holds these test files. */
async function summaryOf(t: ExecutionContext, files: Record<string, string>): Promise<[string | undefined, number]> {
  const directory = await mkdtemp(join(tmpdir(), 'bin-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, 'bin'));
  await cp(join(project, 'bin/test'), join(directory, 'bin/test'));
  // ava keeps a cache below node_modules, and tests run as they are from inside a project only
  await mkdir(join(directory, 'node_modules'));
  for (const name of await readdir(join(project, 'node_modules'))) {
    if (name !== '.cache') await symlink(join(project, 'node_modules', name), join(directory, 'node_modules', name));
  }
  const ava = { extensions: ['ts'], files: ['*.test.ts'], timeout: '2s', workerThreads: false };
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'module', ava }));
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), `import test from 'ava';\n${text}\n`);
  }
  const { AVA_PATH: _, ...env } = process.env;
  const child = spawn('sh', ['bin/test'], { cwd: directory, env, stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [exitCode] = await once(child, 'close');
  return [output.trimEnd().split('\n').at(-1), exitCode];
}

const good = "test('good', (t) => t.pass());";

test('the last line counts what passed', async (t) => {
  t.deepEqual(await summaryOf(t, { 'a.test.ts': good, 'b.test.ts': good }), ['2 passed, 0 failed', 0]);
});

test('failed, skipped and planned tests fail', async (t) => {
  const text = `${good}
test('bad', (t) => t.fail());
test.skip('left out', (t) => t.pass());
test.todo('later');`;
  t.deepEqual(await summaryOf(t, { 'a.test.ts': text }), ['1 passed, 3 failed', 1]);
});

test('an uncaught exception fails', async (t) => {
  const text =
    "test('throws', async (t) => { setTimeout(() => { throw new Error('x'); }); await new Promise(() => {}); });";
  const [line, exitCode] = await summaryOf(t, { 'a.test.ts': good, 'b.test.ts': text });
  t.regex(line ?? '', /^1 passed, [1-9] failed$/);
  t.is(exitCode, 1);
});

test('a time-out fails', async (t) => {
  const text = "test('hangs', async () => { setInterval(() => {}, 1000); await new Promise(() => {}); });";
  t.deepEqual(await summaryOf(t, { 'a.test.ts': text }), ['0 passed, 1 failed', 1]);
});

test('a file that does not load, and no test at all, fail', async (t) => {
  const [line] = await summaryOf(t, { 'a.test.ts': good, 'b.test.ts': "import './missing.ts';" });
  t.regex(line ?? '', /^1 passed, [1-9] failed$/);
  t.deepEqual(await summaryOf(t, {}), ['0 passed, 1 failed', 1]);
});
