import test from 'ava';
import { makeMessageRecord } from '../../../cli/demo/account.ts';
import { expectedJournal } from '../../../cli/demo/journal.ts';
import { parseAnswer } from '../../../cli/demo/protocol.ts';
import { makeSilenceRecord } from '../../../cli/demo/silences.ts';

test('all is well when each message is answered once', (t) => {
  const record = makeMessageRecord();
  for (let count = 0; count < 3; count += 1) record.answer(record.send());
  t.deepEqual(record.close(3, 3), { sent: 3, answered: 3, lost: 0, duplicated: 0 });
  record.answer(record.send());
  t.deepEqual(record.close(4, 4), { sent: 1, answered: 1, lost: 0, duplicated: 0 });
});

test('an unanswered message is lost, once', (t) => {
  const record = makeMessageRecord();
  record.send();
  record.answer(record.send());
  t.is(record.close(2, 2).lost, 1);
  t.is(record.close(2, 2).lost, 0);
});

test('a message that the service never had is lost, though an answer came', (t) => {
  const record = makeMessageRecord();
  record.answer(record.send());
  record.answer(record.send());
  t.is(record.close(2, 1).lost, 1);
});

test('a second answer, and a second arrival at the service, are doubled messages', (t) => {
  const record = makeMessageRecord();
  const number = record.send();
  record.answer(number);
  record.answer(number);
  t.is(record.close(1, 1).duplicated, 1);
  record.answer(record.send());
  t.is(record.close(2, 3).duplicated, 1);
});

test('messages after the end of a window belong to the next one', (t) => {
  const record = makeMessageRecord();
  record.answer(record.send());
  record.send();
  t.deepEqual(record.close(1, 1), { sent: 1, answered: 1, lost: 0, duplicated: 0 });
  t.is(record.close(2, 2).lost, 1);
});

test('a service that says nothing loses what it did not answer', (t) => {
  const record = makeMessageRecord();
  record.send();
  t.is(record.close(1).lost, 1);
});

test('the longest silence of each window, also one that goes on', (t) => {
  const record = makeSilenceRecord(1000);
  record.heard(1010);
  record.heard(1310);
  record.heard(1320);
  t.deepEqual(record.close(1325), { startedAtMs: 1010, durationMs: 300 });
  t.deepEqual(record.close(1400), { startedAtMs: 1320, durationMs: 80 });
  record.heard(1500);
  t.deepEqual(record.close(1501), { startedAtMs: 1320, durationMs: 180 });
});

test('the journal that so many messages make', (t) => {
  t.is(expectedJournal(19).lines, 0);
  // printf '1 20\n2 40\n' | sha256sum
  t.deepEqual(expectedJournal(44), {
    lines: 2,
    bytes: 10,
    sha256: '715a38b3555339ece9295f19aa2ad9de9a0de09072cc5abb649478b677630b1d',
  });
});

test('answers of the service, and lines that are none', (t) => {
  t.deepEqual(parseAnswer('A 7 9'), { kind: 'answer', number: 7, received: 9 });
  t.deepEqual(parseAnswer('H ab cd 64'), { kind: 'hello', incarnation: 'ab', digest: 'cd', memoryBytes: 64 });
  t.deepEqual(parseAnswer('V 1 cd 0'), { kind: 'memory', id: '1', digest: 'cd', damagedBlocks: 0 });
  for (const line of ['', 'A 7', 'A x 9', 'A -1 9', 'F 1 2', 'E not a line', 'H ab cd']) {
    t.is(parseAnswer(line).kind, 'unknown', line);
  }
});
