import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { type Phase, phaseTable } from '../../../agent/migration/phases.ts';
import type { RequestOf } from '../../../broker/contract/requests.ts';
import { AnsweredError } from '../../../cli/answeredError.ts';
import { sendRequest } from '../../../cli/request.ts';
import { labRestart } from '../../../provisioning/lab/exec.ts';
import { labShape } from '../../../provisioning/lab/shape.ts';
import { containersAt, leftoversAt } from './workloads/support/leftovers.ts';
import { type Service, startService } from './workloads/support/service.ts';
import { sharedByTests } from './workloads/support/shared.ts';
import { openSite, type TestSite } from './workloads/support/site.ts';
import { putBack, standInForCriu } from './workloads/support/standIn.ts';

const memoryBytes = 24 << 20;
const slowMbps = 40;

const shared = sharedByTests(async (closing) => {
  const site = await openSite(closing, 'cancel');
  const service = await startService(closing, site, 'moved', 'ap1', memoryBytes);
  return { site, service };
});

interface Situation {
  technique: NonNullable<RequestOf<'migrate'>['technique']>;
  /** Makes the phase last so long that a cancel comes in it. @returns how that is undone */
  prolong: (site: TestSite, from: string, to: string) => Promise<() => Promise<unknown>>;
  /** Without this one cancel is sent, when the phase is told; with it one after the other from the start on. */
  atAllTimes?: true;
}

/** The destination does not know the container's memory, and what is sent to it takes its time. */
const muchToSend = async (site: TestSite, _from: string, to: string) => {
  await site.sh(to, 'rm -rf /run/tagalong/bases/*');
  await labRestart({ name: site.name, member: to });
  await labShape({ name: site.name, node: to, rateMbps: slowMbps });
  return () => labShape({ name: site.name, node: to, clear: true });
};

/** Where the container is frozen, by either version of control groups. */
const freezerFile =
  'file=$(find /sys/fs/cgroup -path "*/tagalong/moved/freezer.state" -o -path "*/tagalong/moved/cgroup.freeze")';

/** For each phase how it is made to last. A phase of the table that is not here makes the tests fail. */
const situations: Partial<Record<Phase, Situation>> = {
  // it lasts a moment, and what prolongs it would prolong another one as well
  accepted: { technique: 'cold', prolong: async () => async () => undefined, atAllTimes: true },
  preparing: {
    technique: 'cold',
    async prolong(site, from, to) {
      await site.sh(to, 'rm -rf /var/lib/tagalong/images/*'); // it is sent again, slowly
      return muchToSend(site, from, to);
    },
  },
  copying: { technique: 'pre-copy', prolong: muchToSend },
  freezing: {
    technique: 'hybrid',
    async prolong(site, from) {
      // a named pipe in its place: who reads hears that nothing is frozen, who opens it to write waits
      await site.sh(
        from,
        `${freezerFile}; mkfifo /tmp/freezer; cp "$file" /tmp/thawed; mount --bind /tmp/freezer "$file"; touch /tmp/held
setsid -f sh -c 'while [ -e /tmp/held ]; do timeout 1 sh -c "cat /tmp/thawed >/tmp/freezer"; sleep 0.1; done; rm /tmp/thawed' >/dev/null 2>&1`,
      );
      const passOn = `${freezerFile}; rm /tmp/held; while [ -e /tmp/thawed ]; do sleep 0.1; done; umount --lazy "$file"
cat /tmp/freezer >"$file"; rm /tmp/freezer`;
      return () => site.sh(from, passOn);
    },
  },
  switching: { technique: 'cold', prolong: muchToSend },
  restoring: {
    technique: 'post-copy',
    async prolong(site, _from, to) {
      await site.sh(to, standInForCriu('sleep 3'));
      return () => site.sh(to, putBack('criu'));
    },
  },
  lazy: { technique: 'post-copy', prolong: muchToSend },
};

type Reported = { code: string; details?: Record<string, unknown> | undefined };

/** How a request ended: nothing, or the error that it was answered with. */
async function answerOf(request: Promise<unknown>): Promise<Reported | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (error instanceof AnsweredError) return error.reported;
    throw error;
  }
}

/** Cancels as soon as the move says that it is in a phase. @returns how the cancel and the move ended */
async function cancelWhen(site: TestSite, phase: Phase, move: () => Promise<unknown>) {
  const reached = Promise.withResolvers<string | undefined>();
  const unsubscribe = await site.connection.subscribe('nodeMigrationEvent', {}, ({ message }) => {
    if (message?.phase === phase) reached.resolve(message.id);
  });
  const moving = answerOf(move());
  void moving.then(() => reached.resolve(undefined));
  const migration = await reached.promise;
  await unsubscribe();
  if (migration === undefined) throw new Error(`the move did not come to ${phase}: ${JSON.stringify(await moving)}`);
  return { cancel: await answerOf(sendRequest(site.connection, 'cancel', { migration })), moving };
}

/** Cancels again and again from before the move on, until it has ended. */
async function cancelAllTheTime(site: TestSite, move: () => Promise<unknown>) {
  let ended = false;
  const moving = answerOf(move()).finally(() => {
    ended = true;
  });
  while (!ended) {
    await site.connection.publish('requestCancel', {}, { id: randomUUID(), container: 'moved' });
  }
  return { cancel: undefined, moving };
}

/** The phase lasts a moment: a cancel that comes a little late is obeyed too, and another try is made. */
const mostTries = 40;

/** Has the container run on where it was, whole, and left nothing elsewhere? */
async function assertStayed(t: ExecutionContext, site: TestSite, service: Service, from: string, to: string) {
  await service.isUnharmed(t, 'after the cancel');
  t.like(await site.describe('moved'), { node: from, status: 'running', error: undefined });
  t.deepEqual(await containersAt(site, from), ['moved']);
  t.deepEqual(await leftoversAt(site, to, 'moved'), []);
}

for (const [phase, { cancellable, end }] of Object.entries(phaseTable) as [Phase, (typeof phaseTable)[Phase]][]) {
  if (end) continue;
  test.serial(
    `in the phase ${phase} a cancel is ${cancellable ? 'obeyed' : 'refused'}, and nothing is lost`,
    async (t) => {
      t.timeout(120_000);
      const situation = situations[phase];
      if (situation === undefined) return t.fail(`there is no test of a cancel in the phase ${phase}`);
      const { technique, prolong, atAllTimes } = situation;
      const { site, service } = shared();
      const { node: from, generation } = await site.describe('moved');
      const to = from === 'ap1' ? 'ap2' : 'ap1';
      const move = () => site.migrate('moved', to, { technique });
      const undo = await prolong(site, from, to);
      const attempt = () => (atAllTimes ? cancelAllTheTime(site, move) : cancelWhen(site, phase, move));
      let { cancel, moving } = await attempt();
      await undo();
      let ended = await moving;
      for (let tries = 1; atAllTimes && ended?.details?.['phase'] !== phase && tries < mostTries; tries += 1) {
        t.like(ended, { code: 'migration-cancelled' });
        await assertStayed(t, site, service, from, to);
        ({ cancel, moving } = await attempt());
        ended = await moving;
      }
      if (cancellable) {
        t.is(cancel, undefined);
        t.like(ended, { code: 'migration-cancelled', details: { phase } });
        await assertStayed(t, site, service, from, to);
        t.like(await move(), { phase: 'completed', generation: generation + 1 });
      } else {
        t.like(cancel, { code: 'not-cancellable', details: { phase } });
        t.is(ended, undefined);
      }
      await service.isUnharmed(t, 'after the move that was not cancelled');
      t.like(await site.describe('moved'), { node: to, status: 'running', generation: generation + 1 });
      t.deepEqual(await leftoversAt(site, from, 'moved'), []);
      return undefined;
    },
  );
}
