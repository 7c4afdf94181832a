import test, { type ExecutionContext } from 'ava';
import { labRestart } from '../../../../provisioning/lab/exec.ts';
import { labShape } from '../../../../provisioning/lab/shape.ts';
import { containersAt, leftoversAt } from './support/leftovers.ts';
import type { Technique } from './support/moves.ts';
import { type Service, startService } from './support/service.ts';
import { sharedByTests } from './support/shared.ts';
import { openSite, type TestSite } from './support/site.ts';

const memoryBytes = 24 << 20;
/** So slow that all memory takes more than twenty seconds. */
const slowMbps = 8;

const shared = sharedByTests(async (closing) => {
  const site = await openSite(closing, 'lazy');
  const service = await startService(closing, site, 'moved', 'ap1', memoryBytes);
  return { site, service };
});

/** Ends the agent of a node, and only it, without a warning. What it started to outlive it lives on. */
const killAgent = (site: TestSite, node: string) => site.sh(node, 'kill -9 $(pgrep -f "[m]ain.ts agent --config")');

/** What befalls the nodes while memory still follows the container. */
const mishaps: {
  title: string;
  technique: Technique;
  happen: (site: TestSite, from: string, to: string) => Promise<void>;
}[] = [
  {
    title: 'the link of the source is cut for some seconds',
    technique: 'post-copy',
    async happen(site, from) {
      await site.sh(from, 'ip link set up0 down; sleep 4; ip link set up0 up');
    },
  },
  {
    title: 'the agent of the destination is killed',
    technique: 'post-copy',
    async happen(site, _from, to) {
      await killAgent(site, to);
      await labRestart({ name: site.name, member: to });
    },
  },
  {
    title: 'the agent of the source is killed',
    technique: 'post-copy',
    async happen(site, from) {
      await killAgent(site, from);
      await labRestart({ name: site.name, member: from });
    },
  },
  {
    title: 'the agents of both nodes are killed',
    technique: 'post-copy',
    async happen(site, from, to) {
      await Promise.all([killAgent(site, from), killAgent(site, to)]);
      await labRestart({ name: site.name, member: to });
      await labRestart({ name: site.name, member: from });
    },
  },
];

/** Begins a move of which much memory is left behind. Resolves when the container runs at its destination. */
async function moveAwayFromMemory(site: TestSite, technique: Technique, from: string, to: string): Promise<void> {
  await site.sh(to, 'rm -rf /run/tagalong/bases/*');
  await labRestart({ name: site.name, member: to });
  await labShape({ name: site.name, node: to, rateMbps: slowMbps });
  const lazy = Promise.withResolvers<void>();
  const unsubscribe = await site.connection.subscribe('nodeMigrationEvent', { node: from }, ({ message }) => {
    if (message?.phase === 'lazy') lazy.resolve();
  });
  // who is killed answers no more: how it ends is seen from what the nodes have
  site.migrate('moved', to, { technique }).then(
    () => lazy.reject(new Error('the move was over at once')),
    (error: unknown) => lazy.reject(error),
  );
  await lazy.promise;
  await unsubscribe();
}

/** Waits until all memory is at the destination and the source has nothing of the container any more. */
async function assertArrived(t: ExecutionContext, site: TestSite, service: Service, from: string, to: string) {
  await service.isUnharmed(t, 'when all memory is there');
  t.deepEqual(await containersAt(site, to), ['moved']);
  t.deepEqual(await leftoversAt(site, from, 'moved', 60_000), []);
  t.like(await site.describe('moved'), { node: to, status: 'running' });
  await service.isUnharmed(t, 'after the source has been tidied up');
}

for (const { title, technique, happen } of mishaps) {
  test.serial(
    `${title} while memory follows by ${technique}: the container goes on, whole and connected`,
    async (t) => {
      t.timeout(240_000);
      const { site, service } = shared();
      const { node: from, generation } = await site.describe('moved');
      const to = from === 'ap1' ? 'ap2' : 'ap1';
      await moveAwayFromMemory(site, technique, from, to);
      t.deepEqual(await containersAt(site, to), ['moved']);
      await happen(site, from, to);
      // much is missing still: had it come before the mishap, this would test nothing
      t.not((await site.sh(from, 'runc list -q')).trim(), '', 'the source still has pages of the container');
      await labShape({ name: site.name, node: to, clear: true });
      await assertArrived(t, site, service, from, to);
      t.like(await site.describe('moved'), { generation: generation + 1 });
      t.like(await site.migrate('moved', from, { technique: 'cold' }), {
        phase: 'completed',
        generation: generation + 2,
      });
      await service.isUnharmed(t, 'after it was moved back');
    },
  );
}
