import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { logIsWritten, logWriterScript } from '../../../agent/containers/logWriter.ts';
import { temporary } from '../memory/support/temporary.ts';

test('a log is written when its writer, which had not come round to it, sleeps again', async (t) => {
  const top = temporary(t);
  const [log, logWriterFile] = [join(top, 'log'), join(top, 'writer')];
  const writer = spawn('sh', ['-c', logWriterScript, 'sh', log, logWriterFile], {
    stdio: ['pipe', 'ignore', 'ignore', ...Array<'ignore'>(5).fill('ignore'), 'pipe'],
  });
  t.teardown(() => writer.kill('SIGKILL'));
  const word = (writer.stdio as unknown as NodeJS.WritableStream[])[8];
  word?.write('go\n');
  const pid = writer.pid ?? 0;
  while (!/cat/.test(readFileSync(`/proc/${pid}/comm`, 'latin1'))) await wait(5);
  t.is(readFileSync(logWriterFile, 'latin1').trim(), `${pid}`);
  writer.stdin?.write('one\n');
  while (readFileSync(log, 'latin1') !== 'one\n') await wait(5);
  await logIsWritten({ logWriterFile });

  writer.kill('SIGSTOP');
  writer.stdin?.write('two\n');
  let isWritten = false;
  const written = logIsWritten({ logWriterFile }).then(() => {
    isWritten = true;
  });
  await wait(200);
  t.false(isWritten);
  t.is(readFileSync(log, 'latin1'), 'one\n');
  writer.kill('SIGCONT');
  await written;
  t.is(readFileSync(log, 'latin1'), 'one\ntwo\n');

  writer.kill('SIGKILL');
  await once(writer, 'exit');
  await t.notThrowsAsync(logIsWritten({ logWriterFile }), 'who has ended writes no more');
});

test('where no writer is known there is nothing to wait for', async (t) => {
  const logWriterFile = join(temporary(t), 'writer');
  await t.notThrowsAsync(logIsWritten({ logWriterFile }));
  writeFileSync(logWriterFile, `${process.pid}\n`);
  await t.notThrowsAsync(logIsWritten({ logWriterFile }), 'a number that another process has by now');
});
