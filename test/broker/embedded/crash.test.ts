import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { topicOf } from '../../../broker/contract/address.ts';
import { startBroker } from '../../../broker/embedded/broker.ts';
import { type LongRunning, start } from '../../../host/command.ts';
import { connectAs, hear } from '../support/connecting.ts';
import { makeMailbox } from '../support/mailbox.ts';
import { site, usersWithPasswords } from '../support/people.ts';
import { makeSilentLog } from '../support/silentLog.ts';

/** Starts a script of the tests as a process of its own; resolves with its first line. */
async function startScript(t: ExecutionContext, name: string, argument: string) {
  const script = fileURLToPath(new URL(`../support/${name}`, import.meta.url));
  const program = start(process.execPath, [script, argument]);
  t.teardown(() => program.stop());
  const lines = makeMailbox<string>();
  void (async () => {
    for await (const line of program.lines()) lines.put(line);
    lines.put('');
  })();
  const first = await lines.next();
  if (first === '') throw new Error(`${name} ended: ${(await program.ended).stderr}`);
  return { program, first };
}

async function kill(program: LongRunning): Promise<void> {
  process.kill(program.pid ?? 0, 'SIGKILL');
  await program.ended;
}

async function directoryFor(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-broker-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The next run of the broker must say that the node is lost. */
async function assertWill(t: ExecutionContext, persistenceDirectory: string): Promise<void> {
  const settings = { users: usersWithPasswords(), listeners: {}, persistenceDirectory, heartbeatMs: 100 };
  const broker = await startBroker(settings, makeSilentLog());
  t.teardown(() => broker.close());
  const states = await hear(await connectAs(t, '', 'eve', { openStream: broker.openStream }), 'nodeState');
  // unless the will was quicker than the subscription, the stored document comes first: the node's last word, or the one
  // before where the killed broker had no time to store it
  const { message: stored } = await states.next();
  const isWill = stored?.status === 'offline' && stored.session === 'killed';
  const last = isWill ? stored : (await states.next()).message;
  t.like(last, { status: 'offline', session: 'killed' });
}

test('the will of a node that died together with its broker is published by the next broker', async (t) => {
  const directory = await directoryFor(t);
  const crashing = await startScript(t, 'holdBroker.ts', directory);
  const node = await startScript(t, 'holdConnection.ts', crashing.first);
  await kill(crashing.program);
  await kill(node.program);
  await assertWill(t, directory);
});

test('so is the will of one that had taken its own connection over', async (t) => {
  const directory = await directoryFor(t);
  const crashing = await startScript(t, 'holdBroker.ts', directory);
  const state = { status: 'offline', session: 'earlier', at: '2026-01-02T03:04:05.000Z' };
  const will = { topic: topicOf(site, 'nodeState', { node: 'ap1' }), payload: JSON.stringify(state) };
  const earlier = await connectAs(t, crashing.first, 'ap1', { will });
  const lost = new Promise<void>((resolve) => earlier.onLost(resolve));
  const node = await startScript(t, 'holdConnection.ts', crashing.first);
  await lost;
  await earlier.close();
  await kill(crashing.program);
  await kill(node.program);
  await assertWill(t, directory);
});
