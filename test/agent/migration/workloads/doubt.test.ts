import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { AnsweredError } from '../../../../cli/answeredError.ts';
import { sendRequest } from '../../../../cli/request.ts';
import { startEcho } from './support/echo.ts';
import { containersAt, leftoversAt } from './support/leftovers.ts';
import { openSite } from './support/site.ts';
import { standInForRunc } from './support/standIn.ts';

/** A runC whose restored container runs, and whose agent then stands still: the source does not hear that it was committed. */
const haltingRunc = standInForRunc(
  'restore',
  'bin/barrier',
  `s|post-resume) |post-resume) pkill -STOP -f 'main.ts agent'; |`,
);

/** A move to ap2 that was committed there, of which ap1 does not hear. */
async function inDoubt(t: ExecutionContext, label: string) {
  const site = await openSite(t, label);
  const echo = await startEcho(t, site, 'echo', 'ap1');
  await site.sh('ap2', haltingRunc);
  const moving = site.migrate('echo', 'ap2').catch((error: unknown) => error);
  const hasDoubt = async () => {
    const { status, error } = await site.describe('echo');
    return status === 'frozen' && /tagalong resolve echo/.test(error ?? '');
  };
  while (!(await hasDoubt())) await wait(200);
  t.deepEqual(await containersAt(site, 'ap1'), ['echo']);
  return { site, echo, moving, goOn: () => site.sh('ap2', "pkill -CONT -f 'main.ts agent'") };
}

test.serial(
  'a source in doubt keeps the container frozen, says how to decide, and gives it up when it hears',
  async (t) => {
    t.timeout(180_000);
    const { site, echo, moving, goOn } = await inDoubt(t, 'doubt');
    await goOn();
    t.like(await moving, { phase: 'completed', generation: 2 });
    t.deepEqual(await containersAt(site, 'ap2'), ['echo']);
    await echo.answers();
    t.deepEqual(await leftoversAt(site, 'ap1', 'echo'), []);
  },
);

test.serial(
  'kept here by a wrong decision it runs here, and the destination stands down when it hears of it',
  async (t) => {
    t.timeout(180_000);
    const { site, moving, goOn } = await inDoubt(t, 'here');
    const overtaken = Promise.withResolvers<string | undefined>();
    await site.connection.subscribe('nodeContainer', { node: 'ap2', name: 'echo' }, ({ message }) => {
      if (message?.status === 'frozen') overtaken.resolve(message.error);
    });
    await sendRequest(site.connection, 'resolve', { container: 'echo', node: 'ap1', keep: 'here' });
    t.true((await moving) instanceof AnsweredError);
    t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 3 });
    await goOn();
    t.regex((await overtaken.promise) ?? '', /ap1 has it with the higher generation 3/);
    t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 3 });
  },
);
