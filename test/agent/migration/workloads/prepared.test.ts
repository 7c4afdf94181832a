import test from 'ava';
import { sendRequest } from '../../../../cli/request.ts';
import { leftoversAt } from './support/leftovers.ts';
import { moveOver } from './support/moves.ts';
import { startService } from './support/service.ts';
import { sharedByTests } from './support/shared.ts';
import { type Migration, openSite } from './support/site.ts';

const memoryBytes = 24 << 20;
/** What no technique can do without, and what the service and its interpreter change while they run. */
const imagesAndChangesBytes = 4 << 20;

const shared = sharedByTests(async (closing) => {
  const site = await openSite(closing, 'warm');
  const service = await startService(closing, site, 'warm', 'ap1', memoryBytes);
  return { site, service };
});

/** What was sent in the phases from one on; what was sent ahead is not in it. */
const sentFrom = (account: Migration, first: string) =>
  account.phases
    .slice(account.phases.findIndex(({ phase }) => phase === first))
    .reduce((sum, { sentBytes }) => sum + sentBytes, 0);

const baseFile = '/run/tagalong/bases/warm/base.json';

test.serial(
  'a node that is kept warm is named in the document, and a move to it sends only what changed',
  async (t) => {
    t.timeout(180_000);
    const { site, service } = shared();
    await sendRequest(site.connection, 'prepare', { container: 'warm', to: 'ap2' });
    const { prepared = [] } = await site.describe('warm');
    t.is(prepared.length, 1);
    t.is(prepared[0]?.node, 'ap2');
    t.true((prepared[0]?.baseBytes ?? 0) >= memoryBytes);
    t.like(await site.describe('warm'), { node: 'ap1', status: 'running', generation: 1 });
    const account = await site.migrate('warm', 'ap2', { technique: 'pre-copy' });
    t.like(account, { phase: 'completed', generation: 2 });
    t.true(account.sentBytes < imagesAndChangesBytes, `${account.sentBytes} bytes were sent`);
    await service.isUnharmed(t, 'after the move to the node that was kept warm');
    t.is((await site.describe('warm')).prepared?.length ?? 0, 0, 'what was prepared is used up');
    t.deepEqual(await leftoversAt(site, 'ap1', 'warm'), []);
  },
);

test.serial('a container that comes back sends what changed since, and little more', async (t) => {
  t.timeout(180_000);
  const { site, service } = shared();
  for (const technique of ['cold', 'pre-copy', 'post-copy', 'hybrid'] as const) {
    const { account } = await moveOver(t, site, 'warm', technique);
    const { rounds = [] } = account;
    const sum = (of: (round: (typeof rounds)[number]) => number) =>
      rounds.reduce((total, round) => total + of(round), 0);
    const [changedBytes, roundBytes] = [sum((round) => round.changedBytes), sum((round) => round.sentBytes)];
    t.log(`${technique}: ${account.sentBytes} bytes in all; rounds: ${changedBytes} changed, ${roundBytes} sent`);
    t.true(roundBytes <= 1.15 * changedBytes + rounds.length * 16_384, `${roundBytes} bytes for ${changedBytes}`);
    t.true(account.sentBytes < imagesAndChangesBytes, `${technique}: ${account.sentBytes} bytes were sent`);
    await service.isUnharmed(t, `after the return by ${technique}`);
  }
});

test.serial('unprepare drops what is kept, there and in the document', async (t) => {
  t.timeout(180_000);
  const { site } = shared();
  const { node: here } = await site.describe('warm');
  const there = here === 'ap1' ? 'ap2' : 'ap1';
  await sendRequest(site.connection, 'prepare', { container: 'warm', to: there });
  t.is((await site.describe('warm')).prepared?.[0]?.node, there);
  await site.sh(there, `[ -d $(dirname ${baseFile}) ]`);
  await sendRequest(site.connection, 'unprepare', { container: 'warm' });
  t.is((await site.describe('warm')).prepared?.length ?? 0, 0);
  t.is(await site.sh(there, `[ -d $(dirname ${baseFile}) ] && echo there || echo gone`), 'gone');
});

test.serial('hybrid sends what the rounds sent not once more, and post-copy sends nothing ahead', async (t) => {
  t.timeout(180_000);
  const { site, service } = shared();
  for (const technique of ['hybrid', 'post-copy'] as const) {
    const { node: here } = await site.describe('warm');
    // what the other node has is worth nothing without the base here
    await site.sh(here === 'ap1' ? 'ap2' : 'ap1', 'rm -rf /run/tagalong/bases/*');
    await sendRequest(site.connection, 'prepare', { container: 'warm', to: here === 'ap1' ? 'ap2' : 'ap1' });
    await sendRequest(site.connection, 'unprepare', { container: 'warm' });
    const { account } = await moveOver(t, site, 'warm', technique);
    const copying = account.phases.find(({ phase }) => phase === 'copying')?.sentBytes ?? 0;
    const later = sentFrom(account, 'freezing');
    t.log(`${technique}: ${copying} bytes ahead, ${later} bytes from the freeze on`);
    if (technique === 'hybrid') {
      t.true(copying >= memoryBytes, `${copying} bytes were sent ahead`);
      t.true(later < imagesAndChangesBytes, `${later} bytes were sent from the freeze on`);
    } else {
      t.true(copying < imagesAndChangesBytes, `${copying} bytes were sent ahead`);
      t.true(later >= memoryBytes, `${later} bytes were sent from the freeze on`);
    }
    await service.isUnharmed(t, `after ${technique} with nothing known there`);
  }
});
