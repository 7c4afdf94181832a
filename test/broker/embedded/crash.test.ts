import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { startBroker } from '../../../broker/embedded/broker.ts';
import { type LongRunning, start } from '../../../host/command.ts';
import { connectAs, hear } from '../support/connecting.ts';
import { makeMailbox } from '../support/mailbox.ts';
import { usersWithPasswords } from '../support/people.ts';
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

test('the will of a node that died together with its broker is published by the next broker', async (t) => {
  const persistenceDirectory = await mkdtemp(join(tmpdir(), 'tagalong-broker-'));
  t.teardown(() => rm(persistenceDirectory, { recursive: true, force: true }));
  const crashing = await startScript(t, 'holdBroker.ts', persistenceDirectory);
  const node = await startScript(t, 'holdConnection.ts', crashing.first);
  await kill(crashing.program);
  await kill(node.program);
  const settings = { users: usersWithPasswords(), listeners: {}, persistenceDirectory, heartbeatMs: 100 };
  const broker = await startBroker(settings, makeSilentLog());
  t.teardown(() => broker.close());
  const states = await hear(await connectAs(t, '', 'eve', { openStream: broker.openStream }), 'nodeState');
  let heard = await states.next();
  // unless the will was quicker than the subscription, the last word of the node comes first
  if (heard.message?.status === 'online') heard = await states.next();
  t.like(heard.message, { status: 'offline', session: 'killed' });
});
