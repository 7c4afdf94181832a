import { instant, nodeClient, nodeInfo, nodeState } from '../documents.ts';
import type { ModelBroker } from './broker.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './time.ts';

/** One access point of the model: hostapd with its station list, and the agent that tells of it as the contract says. */
export interface AccessPointModel {
  readonly node: string;
  /** Whether the agent runs. */
  agentUp(): boolean;
  draining(): boolean;
  clockMs(): number;
  /** Publishes in order, a little later. */
  say(publish: () => void): void;
  /** The client's radio associated here. */
  associate(mac: string): void;
  /** The client went; hostapd learns of it promptly, late, twice, or only by inactivity. */
  disassociate(mac: string): void;
  restartHostapd(returning: () => string[]): void;
  crashAgent(onCrash: () => void, onStart: () => void): void;
  drain(draining: boolean): void;
  /** How often this access point gave a client a new stamp. */
  stamps(mac: string): number;
}

const inactivityMs = 300_000;

export function makeAccessPoint(
  node: string,
  options: {
    broker: ModelBroker;
    time: VirtualTime;
    random: Random;
    skewMs: number;
    maxContainers: number;
    isHere: (mac: string) => boolean;
  },
): AccessPointModel {
  const { broker, time, random, skewMs, maxContainers } = options;
  let run = 0;
  let session = '';
  let up = false;
  let isDraining = false;
  let sequence = 0;
  let lastSaidMs = 0;
  const stations = new Map<string, number>();
  const documents = new Set<string>();
  const given = new Map<string, Set<number>>();
  const clockMs = () => time.now() + skewMs;

  const say = (publish: () => void) => {
    lastSaidMs = Math.max(lastSaidMs, time.now() + random.integer(0, 20));
    const speaker = run;
    time.at(lastSaidMs, () => {
      if (speaker === run) publish();
    });
  };
  const tell = (mac: string, sinceMs: number) => {
    given.set(mac, (given.get(mac) ?? new Set()).add(sinceMs));
    const speaking = session;
    say(() => {
      documents.add(mac);
      broker.publish('nodeClient', { node, mac }, nodeClient(node, mac, speaking, sinceMs));
    });
  };
  const untell = (mac: string) => {
    if (!up) return;
    say(() => {
      documents.delete(mac);
      broker.publish('nodeClient', { node, mac }, undefined);
    });
  };
  const announce = (mac: string, event: 'associated' | 'disassociated') => {
    const at = instant(clockMs());
    const number = sequence++;
    const message = { event, mac, node, session, sequence: number, interface: 'wlan0', at };
    say(() => broker.publish('nodeClientEvent', { node, mac }, message));
  };
  const drop = (mac: string) => {
    if (!stations.delete(mac) || !up) return;
    announce(mac, 'disassociated');
    untell(mac);
    if (random.chance(0.2)) untell(mac); // doubled
  };
  const take = (mac: string) => {
    stations.set(mac, clockMs());
    if (!up) return;
    const first = random.chance(0.5);
    if (first) announce(mac, 'associated');
    tell(mac, clockMs());
    if (!first) announce(mac, 'associated');
    if (random.chance(0.1)) tell(mac, stations.get(mac) ?? 0); // doubled
  };
  const state = (status: 'online' | 'draining' | 'offline', of = session) =>
    broker.publish('nodeState', { node }, nodeState(of, clockMs(), status));
  const start = () => {
    run += 1;
    session = `${node}-${run}`;
    up = true;
    lastSaidMs = time.now();
    say(() => broker.publish('nodeInfo', { node }, nodeInfo(node, session, clockMs(), { maxContainers })));
    const made = random.chance(0.5); // some agents cannot tell since when, and stamp anew
    for (const [mac, sinceMs] of stations) {
      if (made) stations.set(mac, clockMs());
      tell(mac, made ? clockMs() : sinceMs);
    }
    const leftovers = [...documents].filter((mac) => !stations.has(mac));
    const early = random.chance(0.5);
    if (early) leftovers.forEach(untell);
    say(() => state(isDraining ? 'draining' : 'online'));
    if (!early) leftovers.forEach(untell);
  };

  start();
  return {
    node,
    agentUp: () => up,
    draining: () => isDraining,
    clockMs,
    say,
    stamps: (mac) => given.get(mac)?.size ?? 0,
    associate(mac) {
      if (stations.has(mac) && random.chance(0.7)) {
        drop(mac); // a stale entry: hostapd says disconnected, and 36 ms later connected
        const speaker = run;
        time.at(time.now() + 36, () => {
          if (speaker === run || up) take(mac);
        });
      } else take(mac);
    },
    disassociate(mac) {
      const sinceMs = stations.get(mac);
      const gone = () => {
        if (stations.get(mac) === sinceMs) drop(mac);
      };
      const kind = random.pick(['prompt', 'late', 'missing']);
      if (kind === 'prompt') drop(mac);
      if (kind === 'late') time.at(time.now() + random.integer(50, 20_000), gone);
      // the inactivity limit clears any stale entry in the end, whatever stamp the agent gave it meanwhile
      time.at(time.now() + inactivityMs, () => {
        if (!options.isHere(mac)) drop(mac);
      });
    },
    restartHostapd(returning) {
      for (const mac of [...stations.keys()]) drop(mac);
      for (const mac of returning())
        time.at(time.now() + random.integer(50, 3000), () => {
          if (returning().includes(mac) && !stations.has(mac)) take(mac);
        });
    },
    crashAgent(onCrash, onStart) {
      if (!up) return;
      const dead = session;
      up = false;
      run += 1;
      onCrash();
      const will = random.integer(0, 8000);
      const back = random.integer(500, 5000);
      time.at(time.now() + back, () => {
        start();
        onStart();
      });
      time.at(time.now() + will, () => {
        state('offline', dead);
        if (up) say(() => state(isDraining ? 'draining' : 'online')); // an agent that finds itself called dead says otherwise
      });
    },
    drain(draining) {
      isDraining = draining;
      if (up) say(() => state(draining ? 'draining' : 'online'));
    },
  };
}
