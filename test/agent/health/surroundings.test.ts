import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { scanSurroundings } from '../../../agent/health/surroundings.ts';
import { readWifiRows } from '../../../agent/health/wifiRows.ts';
import { makeLog } from '../../../host/log.ts';

const log = makeLog('test', 'silent');

/** `nmcli --terse --fields active,ssid,bssid,mode,chan,freq,signal,security,wpa-flags,rsn-flags device wifi list`. */
const capture = String.raw`yes:edge-lab:02\:AB\:00\:00\:00\:01:Infra:6:2437 MHz:70:WPA2:(none):pair_ccmp group_ccmp psk
no:cafe\: upstairs:02\:00\:00\:00\:00\:02:Infra:11:2462 MHz:44:WPA2:(none):pair_ccmp group_ccmp psk
no::02\:00\:00\:00\:00\:03:Infra:36:5180 MHz:31:WPA2:(none):pair_ccmp group_ccmp psk`;

/** NetworkManager needs a radio, so a program of its name stands in: the one thing that these tests make up. */
async function pathWithNmcli(t: ExecutionContext, script: string): Promise<{ path: string; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-nmcli-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'nmcli'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { path: [directory, process.env['PATH']].join(delimiter), directory };
}

test('reads what is in the air, and drops the row that a colon in its SSID has broken', async (t) => {
  const { path } = await pathWithNmcli(t, `cat <<'END'\n${capture}\nEND`);
  const language = process.env['LANG'];
  t.deepEqual(await scanSurroundings(log, { path }), [
    { bssid: '02-ab-00-00-00-01', ssid: 'edge-lab', channel: 6, signalPercent: 70 },
    { bssid: '02-00-00-00-00-03', ssid: '', channel: 36, signalPercent: 31 },
  ]);
  t.is(process.env['LANG'], language);
});

test('an nmcli that hangs is ended with all that belongs to it', async (t) => {
  const { path, directory } = await pathWithNmcli(t, 'echo $$ > "$(dirname "$0")/pid"; exec sleep 1000');
  t.is(await scanSurroundings(log, { path, timeoutMs: 10_000 }), undefined);
  const pid = (await readFile(join(directory, 'pid'), 'utf8')).trim();
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tgone');
  t.regex(status, /State:\t(gone|Z)/);
});

test('an nmcli that fails, and a machine without one, have no surroundings', async (t) => {
  const { path } = await pathWithNmcli(t, 'echo "Error: NetworkManager is not running." >&2; exit 8');
  t.is(await scanSurroundings(log, { path }), undefined);
  t.is(await scanSurroundings(log, { path: '/nonexistent' }), undefined);
});

test('drops rows that cannot be', (t) => {
  const good = { bssid: '02:00:00:00:00:01', ssid: 'a', channel: 1, frequency: 2412, quality: 9 };
  const rows = [
    good,
    good,
    null,
    7,
    {},
    { ...good, bssid: 'x' },
    { ...good, frequency: 6 },
    { ...good, channel: null },
  ];
  t.deepEqual(readWifiRows(rows), [{ bssid: '02-00-00-00-00-01', ssid: 'a', channel: 1, signalPercent: 9 }]);
  t.deepEqual(readWifiRows('nonsense'), []);
});
