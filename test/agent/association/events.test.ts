import test from 'ava';
import fc from 'fast-check';
import { parseControlLine } from '../../../agent/association/events.ts';

/** What hostapd_cli 2.11 printed on a pipe, with `-r`, over a restart and a kill of hostapd with `driver=none`. */
const capture = `hostapd_cli v2.11
Copyright (c) 2004-2024, Jouni Malinen <j@w1.fi> and contributors

This software may be distributed under the terms of the BSD license.
See README for more details.


Could not connect to hostapd - re-trying
Connection established.

Interactive mode

> <3>AP-STA-CONNECTED 02:00:00:00:00:01
<3>AP-STA-DISCONNECTED 02:00:00:00:00:01
<3>AP-DISABLED 
<3>CTRL-EVENT-TERMINATING 
'PING' command failed.
Connection to hostapd lost - trying to reconnect
Connection to hostapd re-established
<3>AP-STA-CONNECTED 02:00:00:00:00:04`;

test('reads what hostapd_cli prints over a restart of hostapd', (t) => {
  const events = capture.split('\n').flatMap((line) => parseControlLine(line) ?? []);
  t.deepEqual(events, [
    { kind: 'lost' },
    { kind: 'attached' },
    { kind: 'connected', mac: '02-00-00-00-00-01' },
    { kind: 'disconnected', mac: '02-00-00-00-00-01' },
    { kind: 'lost' },
    { kind: 'lost' },
    { kind: 'attached' },
    { kind: 'connected', mac: '02-00-00-00-00-04' },
  ]);
});

test('takes the fields that newer versions append, and capitals', (t) => {
  t.deepEqual(parseControlLine('<3>AP-STA-CONNECTED 02:AB:00:00:00:01 auth_alg=ft dpp_pkhash=00'), {
    kind: 'connected',
    mac: '02-ab-00-00-00-01',
  });
  t.deepEqual(parseControlLine('<3>AP-ENABLED '), { kind: 'enabled' });
});

for (const line of [
  '',
  '>',
  'AP-STA-CONNECTED 02:00:00:00:00:01',
  '<3>AP-STA-CONNECTED',
  '<3>AP-STA-CONNECTED 02:00:00:00:00',
  '<3>AP-STA-CONNECTED ../../../etc',
  '<3>AP-STA-CONNECTED-MLD 02:00:00:00:00:01',
  '<3>RX-PROBE-REQUEST sa=02:00:00:00:00:01 <3>AP-STA-CONNECTED 02:00:00:00:00:01',
  '<3>constructor 02:00:00:00:00:01',
  "'PING' command failed.",
]) {
  test(`leaves out ${JSON.stringify(line)}`, (t) => {
    t.is(parseControlLine(line), undefined);
  });
}

test('never throws, and never invents a MAC address', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `<3>AP-STA-CONNECTED ${text}`),
      ),
      (line) => {
        const event = parseControlLine(line);
        return event === undefined || !('mac' in event) || /^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/.test(event.mac);
      },
    ),
  );
  t.pass();
});
