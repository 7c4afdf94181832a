import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runCommandLine } from '../../cli/commandLine.ts';
import { makeRecorder } from './support/recorder.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
const password = 'only for this test';

async function directoryOf(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-controller-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The controller as a process of its own, as far as its first line of output. */
async function startController(t: ExecutionContext, words: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, 'controller', '--json', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  t.teardown(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const ended = once(child, 'exit');
  return {
    ...(JSON.parse(line) as { site: string; urls: { mqtt?: string; unix?: string } }),
    async end() {
      child.kill('SIGTERM');
      return (await ended)[0] as number | null;
    },
  };
}

async function ask(...words: string[]) {
  const recorder = makeRecorder();
  const exitCode = await runCommandLine(words, recorder.terminal);
  return { exitCode, output: recorder.output(), errors: recorder.errors() };
}

test('broker and policies by a configuration file, reached over TCP and a Unix socket; SIGTERM ends it well', async (t) => {
  const directory = await directoryOf(t);
  const config = join(directory, 'controller.yaml');
  const socket = join(directory, 'broker.sock');
  const listeners = { mqtt: { host: '127.0.0.1', port: 0 }, unix: { path: socket } };
  const users = [{ name: 'operator', role: 'operator', password }];
  await writeFile(config, stringify({ site: 'attic', broker: { listeners, users } }));
  await writeFile(join(directory, 'password'), `${password}\n`);
  const controller = await startController(t, ['--config', config]);
  t.is(controller.site, 'attic');
  const who = ['--site', 'attic', '--user', 'operator', '--password-file', join(directory, 'password')];
  for (const url of [controller.urls.mqtt ?? '', `unix:${socket}`]) {
    const { exitCode, output, errors } = await ask('ps', '--json', '--broker', url, ...who);
    t.is(exitCode, 0, errors);
    t.deepEqual(JSON.parse(output), { containers: [] });
  }
  t.is(await controller.end(), 0);
});

test('the broker alone, and the policies alone beside it', async (t) => {
  const directory = await directoryOf(t);
  const config = join(directory, 'controller.yaml');
  const users = [{ name: 'policies', role: 'controller', password }];
  const listeners = { mqtt: { host: '127.0.0.1', port: 0 } };
  await writeFile(config, stringify({ broker: { listeners, users } }));
  const broker = await startController(t, ['--config', config, '--no-policies']);
  const credentials = { TAGALONG_USER: 'policies', TAGALONG_PASSWORD: password };
  const policies = await startController(t, ['--no-broker', '--connect', broker.urls.mqtt ?? ''], credentials);
  t.deepEqual(policies.urls, {});
  t.is(await policies.end(), 0);
  t.is(await broker.end(), 0);
});

const wrong: [object, string][] = [
  [{ site: 'A' }, 'site'],
  [{ broker: { listeners: { mqtt: { port: 70_000 } } } }, 'broker.listeners.mqtt.port'],
  [{ site: 'a', broker: { site: 'b' } }, 'broker.site'],
  [{ broker: {}, connect: { url: 'mqtt://x' } }, 'connect'],
  [{ policies: { followUser: 'yes' } }, 'policies.followUser'],
  [{ polices: {} }, '(the whole file)'],
];
for (const [content, field] of wrong) {
  test(`a configuration that is wrong in ${field} is refused by that name`, async (t) => {
    const file = join(await directoryOf(t), 'controller.yaml');
    await writeFile(file, stringify(content));
    const { exitCode, output } = await ask('controller', '--config', file, '--json');
    t.is(exitCode, 2);
    t.like(JSON.parse(output).error, { code: 'bad-configuration', details: { file, field } });
  });
}

test('the policies alone need a broker', async (t) => {
  const { exitCode, errors } = await ask('controller', '--no-broker');
  t.is(exitCode, 2);
  t.regex(errors, /--connect URL/);
});

test('an agent whose configuration is wrong names the field', async (t) => {
  const file = join(await directoryOf(t), 'agent.yaml');
  await writeFile(file, 'node: ap1\nbroker: {url: mqtt://x}\ndataPlane: {host: x, port: 0}\n');
  const { exitCode, output } = await ask('agent', '--config', file, '--json');
  t.is(exitCode, 2);
  t.like(JSON.parse(output).error, { code: 'bad-configuration', details: { file, field: 'dataPlane.port' } });
});
