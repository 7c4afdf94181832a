import test from 'ava';
import { parseLeases } from '../../../agent/association/leases.ts';

test("reads dnsmasq's lease file", (t) => {
  const leases = parseLeases(`1795310498 02:00:00:00:00:01 10.77.0.51 phone 01:02:00:00:00:00:01
0 02:AA:00:00:00:02 10.77.0.52 * *
duid 00:01:00:01:2c:00:00:00:02:00:00:00:00:01
1795310498 16777217 fd00::51 phone 00:01
`);
  t.deepEqual(
    [...leases],
    [
      ['02-00-00-00-00-01', { address: '10.77.0.51', hostName: 'phone' }],
      ['02-aa-00-00-00-02', { address: '10.77.0.52' }],
    ],
  );
});

test('takes the longest of two leases of one station', (t) => {
  const leases = parseLeases(
    '300 02:00:00:00:00:01 10.0.0.3 c *\n0 02:00:00:00:00:01 10.0.0.1 a *\n200 02:00:00:00:00:01 10.0.0.2 b *\n',
  );
  t.deepEqual(leases.get('02-00-00-00-00-01'), { address: '10.0.0.1', hostName: 'a' });
});

test('leaves out half-written and hostile lines', (t) => {
  const text = [
    '',
    '1795310498',
    '-1 02:00:00:00:00:01 10.0.0.1 a *',
    '1 06-02:00:00:00:00:01 10.0.0.1 a *',
    '1 02:00:00:00:00:01 10.0.0.999 a *',
    '1 02:00:00:00:00:02 10.0.0.2 <script>alert(1)</script> *',
    '1 02:00:00:00:00:03 10.0.0.3 hal',
  ].join('\n');
  t.deepEqual([...parseLeases(text)], [['02-00-00-00-00-02', { address: '10.0.0.2' }]]);
});
