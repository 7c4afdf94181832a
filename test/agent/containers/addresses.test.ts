import test from 'ava';
import { freeAddress } from '../../../agent/containers/addresses.ts';

const range = { first: '10.77.20.254', last: '10.77.21.1', prefixLength: 16 };

test('the lowest free address is given, across the border of a byte', (t) => {
  t.is(freeAddress(range, new Set(), 'ap1'), '10.77.20.254');
  t.is(freeAddress(range, new Set(['10.77.20.254', '10.77.20.255']), 'ap1'), '10.77.21.0');
});

test('a range that is used up is told', (t) => {
  const all = new Set(['10.77.20.254', '10.77.20.255', '10.77.21.0', '10.77.21.1']);
  t.throws(() => freeAddress(range, all, 'ap1'), { code: 'no-address-left' });
});
