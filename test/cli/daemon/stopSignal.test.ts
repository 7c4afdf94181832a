import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';

const top = resolve(import.meta.dirname, '../../..');
/** A daemon that has a program running, and waits for a word before it ends in order. */
const daemon = `
import { createInterface } from 'node:readline';
import { start } from '${top}/host/command.ts';
import { stopSignal } from '${top}/cli/daemon/stopSignal.ts';
const stopping = stopSignal();
const program = start('sleep', ['1000']);
console.log('started');
console.log(await stopping);
await new Promise((resolve) => createInterface({ input: process.stdin }).once('line', resolve));
await program.stop();
console.log('in order');
process.exit(0);
`;

for (const second of [false, true]) {
  test(second ? 'a second signal ends it at once' : 'a daemon with a program of its own ends in order', async (t) => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', daemon], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    t.is((await lines.next()).value, 'started');
    child.kill('SIGTERM');
    t.is((await lines.next()).value, 'SIGTERM');
    if (second) child.kill('SIGTERM');
    else {
      child.stdin.write('go on\n');
      t.is((await lines.next()).value, 'in order');
    }
    t.deepEqual(await ended, second ? [null, 'SIGTERM'] : [0, null]);
  });
}
