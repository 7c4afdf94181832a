import test from 'ava';
import { parseRadioStatus } from '../../../agent/association/radioStatus.ts';

/** hostapd_cli 2.11 status, shortened; the second network is that of another interface of the same radio. */
const status = `state=ENABLED
phy=phy0
freq=2437
channel=6
beacon_int=100
bss[0]=wl0
bssid[0]=02:00:00:00:00:00
ssid[0]=a=b \\"c\\" \\xc3\\xa4
num_sta[0]=1
bss[1]=wl0_1
bssid[1]=00:00:00:00:00:00
ssid[1]=guests
num_sta[1]=0`;

test('reads BSSID, SSID and channel of the wanted network', (t) => {
  t.deepEqual(parseRadioStatus(status, 'wl0'), {
    interface: 'wl0',
    bssid: '02-00-00-00-00-00',
    ssid: 'a=b "c" ä',
    channel: 6,
  });
});

test('knows no BSSID where hostapd has no radio', (t) => {
  t.deepEqual(parseRadioStatus(status, 'wl0_1'), { interface: 'wl0_1', ssid: 'guests', channel: 6 });
});

test('gives what there is', (t) => {
  t.deepEqual(parseRadioStatus('channel=-1\nbssid=x\n=\nFAIL', 'wl9'), { interface: 'wl9' });
});
