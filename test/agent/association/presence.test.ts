import test from 'ava';
import fc from 'fast-check';
import {
  type Change,
  connected,
  disconnected,
  interfaceLost,
  type Listing,
  listed,
  nextDueMs,
  nobody,
  type Presence,
  remembered,
  type Step,
  settled,
} from '../../../agent/association/presence.ts';

const mac = '02-00-00-00-00-01';
const waitMs = 300;

function after(...steps: ((presence: Presence) => Step)[]): { presence: Presence; changes: Change[][] } {
  let presence = nobody;
  const changes: Change[][] = [];
  for (const step of steps) {
    const done = step(presence);
    presence = done.presence;
    changes.push(done.changes.filter((change) => change.kind !== 'reading'));
  }
  return { presence, changes };
}
const connect =
  (atMs: number, name = 'wl0') =>
  (presence: Presence) =>
    connected(presence, name, mac, atMs);
const disconnect =
  (atMs: number, name = 'wl0') =>
  (presence: Presence) =>
    disconnected(presence, name, mac, atMs, waitMs);
const settle = (atMs: number) => (presence: Presence) => settled(presence, atMs);
const list = (atMs: number, listing: Partial<Listing>) => (presence: Presence) =>
  listed(presence, {
    interface: 'wl0',
    stations: [],
    askedMs: atMs,
    atMs,
    waitMs,
    first: false,
    earlierMs: new Map(),
    ...listing,
  });

test('a disconnect is told after its wait, with the time at which it happened', (t) => {
  const { changes, presence } = after(connect(1000), disconnect(5000), settle(5299), settle(5300));
  t.deepEqual(changes, [
    [{ kind: 'arrived', mac, interface: 'wl0', atMs: 1000 }],
    [],
    [],
    [{ kind: 'left', mac, interface: 'wl0', atMs: 5000 }],
  ]);
  t.is(presence.stations.size, 0);
  t.is(nextDueMs(presence), undefined);
});

test('a disconnect with a connect behind it is one event, and the new connection counts', (t) => {
  const { changes, presence } = after(connect(1000), disconnect(5000), connect(5036), settle(9000));
  t.deepEqual(changes.slice(1), [[], [{ kind: 'arrived', mac, interface: 'wl0', atMs: 5036 }], []]);
  t.is(presence.stations.get(mac)?.sinceMs, 5036);
});

test('a station that moves to another interface leaves a stale entry, whose end is no news', (t) => {
  const { changes, presence } = after(connect(1000), connect(2000, 'wl1'), disconnect(2100), settle(9000));
  t.deepEqual(changes.slice(1), [
    [
      { kind: 'arrived', mac, interface: 'wl1', atMs: 2000 },
      { kind: 'stale', mac, interface: 'wl0' },
    ],
    [],
    [],
  ]);
  t.is(presence.stations.get(mac)?.interface, 'wl1');
});

test('the first list is no news, a later one is', (t) => {
  const stations = [{ mac, connectedSeconds: 7 }];
  t.deepEqual(after(list(10_000, { stations, first: true })).changes, [[{ kind: 'found', mac }]]);
  t.deepEqual(after(list(10_000, { stations })).changes, [[{ kind: 'arrived', mac, interface: 'wl0', atMs: 3000 }]]);
});

test('a restart of the agent keeps since: by the radio, by the earlier document, and by both', (t) => {
  const since = (listing: Partial<Listing>) =>
    after(list(60_000, { first: true, ...listing })).presence.stations.get(mac)?.sinceMs;
  const earlierMs = new Map([[mac, 20_300]]);
  t.is(since({ stations: [{ mac, connectedSeconds: 10 }] }), 50_000);
  t.is(since({ stations: [{ mac }], earlierMs }), 20_300);
  t.is(since({ stations: [{ mac, connectedSeconds: 39 }], earlierMs }), 20_300, 'the exact one of the two');
  t.is(since({ stations: [{ mac, connectedSeconds: 2 }], earlierMs }), 58_000, 'it came anew while nobody looked');
  t.is(since({ stations: [{ mac }] }), 60_000);
});

test('a list makes missed events good', (t) => {
  const { changes } = after(
    connect(1000),
    list(2000, { stations: [] }),
    settle(2300),
    list(3000, { stations: [{ mac }] }),
    list(90_000, { stations: [{ mac, connectedSeconds: 1 }] }),
  );
  t.deepEqual(changes.slice(1).flat(), [
    { kind: 'left', mac, interface: 'wl0', atMs: 2000 },
    { kind: 'arrived', mac, interface: 'wl0', atMs: 3000 },
    { kind: 'arrived', mac, interface: 'wl0', atMs: 89_000 },
  ]);
});

test('a list that was asked for before an event does not undo it', (t) => {
  const gone = after(connect(1000), disconnect(2000), settle(2300), list(2400, { askedMs: 1990, stations: [{ mac }] }));
  t.is(gone.presence.stations.size, 0);
  const here = after(connect(2000), list(2400, { askedMs: 1990, stations: [] }), settle(9000));
  t.is(here.presence.stations.size, 1);
});

test('stations outlive a short absence of hostapd, goodbyes included, but not a long one', (t) => {
  const lost = (presence: Presence) => interfaceLost(presence, 'wl0', 5010, 3000);
  const back = after(
    connect(1000),
    disconnect(5000),
    lost,
    settle(7000),
    list(7500, { stations: [{ mac }] }),
    settle(9000),
  );
  t.deepEqual(back.changes.slice(1).flat(), []);
  const gone = after(connect(1000), disconnect(5000), lost, settle(8010));
  t.deepEqual(gone.changes.at(-1), [{ kind: 'left', mac, interface: 'wl0', atMs: 5000 }]);
});

test('what an earlier session published waits for hostapd', (t) => {
  const remember = (presence: Presence) => remembered(presence, { mac, interface: 'wl0', sinceMs: 500 }, 10_000, 3000);
  const { presence, changes } = after(remember, list(11_000, { stations: [{ mac }], first: true }), settle(20_000));
  t.deepEqual(changes, [[{ kind: 'found', mac }], [], []]);
  t.is(presence.stations.get(mac)?.sinceMs, 500);
  t.deepEqual(after(remember, settle(13_000)).changes.at(-1), [{ kind: 'left', mac, interface: 'wl0', atMs: 10_000 }]);
});

test('only an entry that is proven to be old is called stale', (t) => {
  const stations = [{ mac }];
  t.deepEqual(after(connect(1000), list(2000, { interface: 'wl1', stations })).changes.at(-1), [
    { kind: 'stale', mac, interface: 'wl1' },
  ]);
  t.deepEqual(
    after(list(1000, { stations, first: true }), list(2000, { interface: 'wl1', stations, first: true })).changes.at(
      -1,
    ),
    [],
  );
});

const step = fc.record({
  kind: fc.constantFrom('connect', 'disconnect', 'settle', 'lost', 'list', 'emptyList'),
  interface: fc.constantFrom('wl0', 'wl1'),
  mac: fc.constantFrom('02-00-00-00-00-01', '02-00-00-00-00-02'),
  elapsedMs: fc.nat(900),
});

test('told changes always add up to who is here', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let presence = nobody;
      let nowMs = 1_000_000;
      const told = new Map<string, string>();
      for (const { kind, interface: name, mac: one, elapsedMs } of steps) {
        nowMs += elapsedMs;
        const listing = { interface: name, askedMs: nowMs, atMs: nowMs, waitMs, first: false, earlierMs: new Map() };
        const done =
          kind === 'connect'
            ? connected(presence, name, one, nowMs)
            : kind === 'disconnect'
              ? disconnected(presence, name, one, nowMs, waitMs)
              : kind === 'settle'
                ? settled(presence, nowMs)
                : kind === 'lost'
                  ? interfaceLost(presence, name, nowMs, 3000)
                  : listed(presence, { ...listing, stations: kind === 'list' ? [{ mac: one }] : [] });
        presence = done.presence;
        for (const change of done.changes) {
          if (change.kind === 'arrived') told.set(change.mac, change.interface);
          if (change.kind === 'left') told.delete(change.mac);
        }
        const here = [...presence.stations.values()].map((station) => [station.mac, station.interface]);
        if (JSON.stringify(here.sort()) !== JSON.stringify([...told].sort())) return false;
        if ([...presence.departures.keys()].some((gone) => !presence.stations.has(gone))) return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass();
});
