import test from 'ava';
import { AnsweredError } from '../../../../cli/answeredError.ts';
import { sendRequest } from '../../../../cli/request.ts';
import { labShape } from '../../../../provisioning/lab/shape.ts';
import { startEcho } from './support/echo.ts';
import { containersAt, leftoversAt } from './support/leftovers.ts';
import { openSite, type TestSite } from './support/site.ts';
import { putBack, standInForCriu } from './support/standIn.ts';

/** The code of the error that a move ends with. */
async function failureOf(moving: Promise<unknown>): Promise<string> {
  try {
    await moving;
    return 'completed';
  } catch (error) {
    if (error instanceof AnsweredError) return error.reported.code;
    throw error;
  }
}

/** Breaks something at the destination so that a restore cannot work, and repairs it again. */
const mishaps: { title: string; label: string; code: RegExp; break: string; repair: string }[] = [
  {
    title: 'CRIU at the destination does not restore',
    label: 'criu',
    code: /^restore-failed$/,
    break: standInForCriu('exit 1'),
    repair: putBack('criu'),
  },
  {
    title: 'the destination has no room for the images',
    label: 'full',
    code: /^(transfer-failed|restore-failed|no-space.*)$/,
    // the agent's own small files must fit, the memory of the container must not
    break: `mkdir -p /run/tagalong/migrations && mount -t tmpfs -o size=64k tmpfs /run/tagalong/migrations`,
    repair: 'umount /run/tagalong/migrations',
  },
];

for (const mishap of mishaps) {
  test.serial(`${mishap.title}: the container runs on at its source, connected, and can be moved later`, async (t) => {
    t.timeout(120_000);
    const site = await openSite(t, mishap.label);
    const echo = await startEcho(t, site, 'echo', 'ap1');
    await site.sh('ap2', mishap.break);
    t.regex(await failureOf(site.migrate('echo', 'ap2')), mishap.code);
    await echo.answers();
    t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 1 });
    t.deepEqual(await containersAt(site, 'ap1'), ['echo']);
    t.deepEqual(await leftoversAt(site, 'ap2', 'echo'), []);
    await site.sh('ap2', mishap.repair);
    t.like(await site.migrate('echo', 'ap2'), { phase: 'completed', generation: 2 });
    await echo.answers();
    t.deepEqual(await leftoversAt(site, 'ap1', 'echo'), []);
  });
}

async function cancelWhile(site: TestSite, container: string, phase: string): Promise<string> {
  const reached = Promise.withResolvers<string>();
  await site.connection.subscribe('nodeMigrationEvent', {}, ({ message }) => {
    if (message?.container === container && message.phase === phase) reached.resolve(message.id);
  });
  const failed = failureOf(site.migrate(container, 'ap2'));
  const migration = await reached.promise;
  await sendRequest(site.connection, 'cancel', { migration });
  return await failed;
}

test.serial('a move that is cancelled while files are copied leaves the container where it is', async (t) => {
  t.timeout(120_000);
  const site = await openSite(t, 'cancel');
  const echo = await startEcho(t, site, 'echo', 'ap1');
  const upper = '/var/lib/tagalong/containers/echo/state/upper';
  // the image first, so that what is slow is the copying of the container's own files
  await site.migrate('echo', 'ap2');
  await site.migrate('echo', 'ap1');
  await site.sh('ap1', `head -c 20000000 /dev/urandom >${upper}/large`);
  await labShape({ name: site.name, node: 'ap1', rateMbps: 8 });
  t.is(await cancelWhile(site, 'echo', 'copying'), 'migration-cancelled');
  await labShape({ name: site.name, node: 'ap1', clear: true });
  await echo.answers();
  t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 3 });
  t.deepEqual(await leftoversAt(site, 'ap2', 'echo'), []);
  t.like(await site.migrate('echo', 'ap2'), { phase: 'completed', generation: 4 });
  await echo.answers();
});
