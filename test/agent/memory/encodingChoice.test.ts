import test from 'ava';
import { makeEncodingChoice } from '../../../agent/memory/encodingChoice.ts';

test('a link that nobody measured and one that is fast are not worth a try', (t) => {
  t.false(makeEncodingChoice(() => undefined).worthTrying());
  t.false(makeEncodingChoice(() => 1e9).worthTrying());
});

test('on a slow link everything is tried, as long as it shrinks', (t) => {
  const choice = makeEncodingChoice(() => 10e6);
  for (let batch = 0; batch < 100; batch += 1) {
    t.true(choice.worthTrying());
    choice.tried(0.5);
  }
});

test('what does not shrink costs one try in a while', (t) => {
  const choice = makeEncodingChoice(() => 10e6);
  let tries = 0;
  for (let batch = 0; batch < 170; batch += 1) {
    if (!choice.worthTrying()) continue;
    tries += 1;
    choice.tried(1.01);
  }
  t.is(tries, 10);
});

test('it follows the link as it becomes slower and faster', (t) => {
  let rate = 1e9;
  const choice = makeEncodingChoice(() => rate);
  t.false(choice.worthTrying());
  rate = 1e6;
  t.true(choice.worthTrying());
  rate = 1e9;
  t.false(choice.worthTrying());
});
