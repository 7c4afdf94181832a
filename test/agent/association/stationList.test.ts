import test from 'ava';
import { completedBy, parseStationDump } from '../../../agent/association/stationDump.ts';
import { parseStationList } from '../../../agent/association/stationList.ts';

/** hostapd_cli 2.11 all_sta, `driver=none`. */
const withoutRadio = `02:00:00:00:00:02
flags=[AUTHORIZED]
aid=0
capability=0x0
listen_interval=0
supported_rates=
timeout_next=NULLFUNC POLL
02:00:00:00:00:01
flags=[AUTHORIZED]
aid=0
capability=0x0
listen_interval=0
supported_rates=
timeout_next=NULLFUNC POLL`;

/** The same with a radio: the second station has not finished its handshake. */
const withRadio = `02:00:00:00:01:00
flags=[AUTH][ASSOC][AUTHORIZED][SHORT_PREAMBLE][WMM][HT]
aid=1
dot11RSNAStatsSTAAddress=02:00:00:00:01:00
rx_packets=47
tx_packets=28
rx_bytes=6290
tx_bytes=4214
inactive_msec=1384
signal=-30
connected_time=12
02:00:00:00:02:00
flags=[AUTH][ASSOC][WMM]
aid=2
signal=-61
connected_time=0`;

test('reads stations of a driver without a radio', (t) => {
  t.deepEqual(parseStationList(withoutRadio), [{ mac: '02-00-00-00-00-02' }, { mac: '02-00-00-00-00-01' }]);
  t.deepEqual(parseStationList(''), []);
});

test('reads signal and traffic, and leaves out who is not authorized', (t) => {
  t.deepEqual(parseStationList(withRadio), [
    { mac: '02-00-00-00-01-00', rxBytes: 6290, txBytes: 4214, inactiveMs: 1384, signalDbm: -30, connectedSeconds: 12 },
  ]);
});

test('knows that no list is not an empty list', (t) => {
  t.is(parseStationList('UNKNOWN COMMAND'), undefined);
  t.is(parseStationList('FAIL'), undefined);
});

test('leaves out values that cannot be', (t) => {
  const hostile = [
    'rx_bytes=5',
    '02:00:00:00:00:zz',
    '02:00:00:00:00:01',
    'signal=-99999999999999999999',
    'rx_bytes=-1',
    'tx_bytes=1e3',
    'connected_time=',
    'inactive_msec=NaN',
    '__proto__=7',
    'signal=0',
    '=',
  ];
  t.deepEqual(parseStationList(hostile.join('\n')), [{ mac: '02-00-00-00-00-01' }]);
});

test('completes the list by what iw knows', (t) => {
  const dump = `Station 02:00:00:00:01:00 (on wl)
\tinactive time:\t1384 ms
\trx bytes:\t6290
\ttx bytes:\t4214
\tsignal:  \t-30 dBm
\tsignal avg:\t-31 dBm
\tconnected time:\t12 seconds
Station nonsense (on wl)
Station 02:00:00:00:03:00 (on wl)
\tsignal:  \t-70 [-70, -72] dBm`;
  const dumped = parseStationDump(dump);
  t.deepEqual(dumped[1], { mac: '02-00-00-00-03-00', signalDbm: -70 });
  t.deepEqual(completedBy([{ mac: '02-00-00-00-01-00', rxBytes: 7000 }], dumped), [
    { mac: '02-00-00-00-01-00', rxBytes: 7000, txBytes: 4214, inactiveMs: 1384, signalDbm: -30, connectedSeconds: 12 },
  ]);
});
