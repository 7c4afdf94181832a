import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { moveToAndFro, techniques } from './support/moves.ts';
import { sharedByTests } from './support/shared.ts';
import { openSite, type TestSite } from './support/site.ts';
import { assertUnbroken, ticksOf } from './support/ticking.ts';

const files = '/var/lib/tagalong/containers/tree/state/upper/work';
const written = ['piped', 'through-fifo', 'signals', 'from-nameless'];

/** So many processes of the script stay. */
const shells = 6;

/** The pids of the container's processes in its own pid namespace. */
const innerPids = "cat /proc/[0-9]*/status 2>/dev/null | awk '/^NSpid:/ && NF == 3 { print $3 }'";

const pidsAt = async (site: TestSite, node: string) => (await site.sh(node, innerPids)).trim().split('\n');

const tree = sharedByTests(async (closing) => {
  const site = await openSite(closing, 'tree');
  const script = await readFile(join(import.meta.dirname, 'processes.sh'), 'utf8');
  await site.image('ap1', '/srv/tree', [], { '/bin/tree.sh': script });
  await site.run({ name: 'tree', node: 'ap1', image: '/srv/tree', command: ['/bin/sh', '/bin/tree.sh'] });
  await site.sh('ap1', `until [ -s ${files}/piped ] && [ -s ${files}/through-fifo ]; do sleep 0.05; done`);
  let lasting = await pidsAt(site, 'ap1');
  // the sleeps between come and go
  while (lasting.length > shells) {
    const present = await pidsAt(site, 'ap1');
    lasting = lasting.filter((pid) => present.includes(pid));
  }
  return { site, lasting };
});

let signals = 0;

for (const technique of techniques) {
  test.serial(
    `a tree of shell processes moves ten times by ${technique}: each number is written once, in order`,
    async (t) => {
      t.timeout(240_000);
      const { site, lasting } = tree();
      t.is(lasting.length, shells);
      const numbersIn = async (node: string, file: string) =>
        (await site.sh(node, `cat ${files}/${file}`)).trim().split('\n').map(Number);
      const last = new Map<string, number>();
      await moveToAndFro(t, site, 'tree', technique, async (node) => {
        signals += 1;
        await site.sh(
          node,
          `runc kill tree USR1; until [ "$(tail -n 1 ${files}/from-nameless)" = ${signals} ]; do sleep 0.05; done`,
        );
        const present = await pidsAt(site, node);
        t.deepEqual(
          lasting.filter((pid) => !present.includes(pid)),
          [],
          'each process is there, under its old pid',
        );
        for (const file of written) {
          const numbers = await numbersIn(node, file);
          t.is(numbers[0], 1);
          assertUnbroken(t, numbers, file);
          t.true((numbers.at(-1) ?? 0) > (last.get(file) ?? 0), `${file} goes on`);
          last.set(file, numbers.at(-1) ?? 0);
        }
        const ticks = ticksOf(await site.log('tree'));
        assertUnbroken(t, ticks, 'the log');
        t.true((ticks.at(-1) ?? 0) > (last.get('log') ?? 0), 'the log goes on');
        last.set('log', ticks.at(-1) ?? 0);
      });
      t.is(last.get('signals'), signals);
    },
  );
}
