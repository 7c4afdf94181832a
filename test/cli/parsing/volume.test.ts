import test from 'ava';
import { collectEnvironment } from '../../../cli/parsing/environment.ts';
import { parseMac, parseName } from '../../../cli/parsing/identifiers.ts';
import { collectVolumes, parseVolume } from '../../../cli/parsing/volume.ts';

test('reads managed volumes and bound directories', (t) => {
  t.deepEqual(parseVolume('data:/var/lib/data'), { name: 'data', target: '/var/lib/data' });
  t.deepEqual(parseVolume('/srv/web:/www:ro'), { bind: '/srv/web', target: '/www', readOnly: true });
  t.deepEqual(parseVolume('/srv/web:/www:rw'), { bind: '/srv/web', target: '/www' });
  t.deepEqual(collectVolumes('b:/b', [{ name: 'a', target: '/a' }]), [
    { name: 'a', target: '/a' },
    { name: 'b', target: '/b' },
  ]);
});

test('says what is wrong with a volume', (t) => {
  t.throws(() => parseVolume('data'), { message: /must begin with a slash/ });
  t.throws(() => parseVolume('data:relative'), { message: /must begin with a slash/ });
  t.throws(() => parseVolume('Data:/x'), { message: /name must be 1 to 63 lower-case/ });
  t.throws(() => parseVolume('../etc:/x'), { message: /name must be/ });
  t.throws(() => parseVolume('data:/x:rx'), { message: /only ro or rw/ });
  t.throws(() => parseVolume('data:/x:ro:y'), { message: /only ro or rw/ });
});

test('reads environment variables; values may hold anything', (t) => {
  const first = collectEnvironment('A=b=c\nd');
  t.deepEqual(collectEnvironment('B=', first), { A: 'b=c\nd', B: '' });
  t.throws(() => collectEnvironment('1A=b'), { message: /not NAME=VALUE/ });
  t.throws(() => collectEnvironment('A'), { message: /not NAME=VALUE/ });
});

test('reads names and MAC addresses as the contract has them', (t) => {
  t.is(parseMac('02:AB:00:00:00:01'), '02-ab-00-00-00-01');
  t.throws(() => parseMac('02:ab'), { message: /must be a MAC address/ });
  t.throws(() => parseName('a/b'), { message: /"a\/b": must be/ });
});
