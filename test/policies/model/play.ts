import { policySchema } from '../../../broker/contract/documents.ts';
import type { MessageOf } from '../../../broker/contract/topics.ts';
import type { Parts } from '../../../policies/controller/siteController.ts';
import { mostMoves } from '../../../policies/follow-user/policy.ts';
import { type AccessPointModel, makeAccessPoint } from './accessPoint.ts';
import { type Delivered, makeModelBroker } from './broker.ts';
import { type ContainerModel, makeContainers } from './containers.ts';
import { makeController } from './controller.ts';
import { makeRandom } from './random.ts';
import { makeVirtualTime } from './time.ts';

export interface Played {
  violations: string[];
  moves: number;
  /** What happened, for a person who looks for the cause. */
  journal: string[];
}

const startMs = Date.parse('2026-01-01T00:00:00Z');
/** Longer than the inactivity limit of hostapd and the longest wait for a retry. */
/** So long may a change be on its way to the controller. */
const latencyMs = 200;
const restMs = 700_000;

/** Plays one random sequence of associations and mishaps on a site, lets it come to rest, and checks what must hold. */
export function play(seed: number, parts?: Parts): Played {
  const random = makeRandom(seed);
  const time = makeVirtualTime(startMs);
  const broker = makeModelBroker();
  const journal: string[] = [];
  const violations: string[] = [];
  const note = (text: string) => journal.push(`${time.now() - startMs} ${text}`);

  const policy = policySchema.parse({
    kind: 'follow-user',
    dwellMs: random.pick([0, 200, 1000]),
    cooldownMs: random.pick([500, 2000, 10_000]),
    returnDwellFactor: random.pick([1, 2]),
  });
  broker.publish('policy', { policy: 'follow-user' }, policy);

  const maxContainers = random.integer(1, 5);
  const places = new Map<string, string>();
  let firstOutageMs = Number.POSITIVE_INFINITY;
  const changes: { mac: string; atMs: number }[] = [];
  const macs: [string, ...string[]] = ['02-00-00-00-00-00'];
  for (let index = 1; index < random.integer(1, 3); index++) macs.push(`02-00-00-00-00-0${index}`);
  const skewed = random.chance(0.5);
  const names: [string, ...string[]] = ['ap0', 'ap1'];
  for (let index = 2; index < random.integer(2, 5); index++) names.push(`ap${index}`);
  const accessPoints = new Map<string, AccessPointModel>();
  for (const node of names) {
    const skewMs = skewed ? random.integer(-600_000, 600_000) : 0;
    const isHere = (mac: string) => places.get(mac) === node;
    accessPoints.set(node, makeAccessPoint(node, { broker, time, random, skewMs, maxContainers, isHere }));
  }
  const all: ContainerModel[] = macs.map((follows, index) => ({
    name: `web${index}`,
    follows,
    node: names[Math.min(Math.floor(index / maxContainers), names.length - 1)] ?? names[0],
    generation: 0,
    pinned: false,
  }));
  const containers = makeContainers(all, accessPoints, { broker, time, random, maxContainers });
  const watch = (delivered: Delivered) => {
    if (delivered.name === 'requestMigrate') watchRequest(delivered.message as MessageOf<'requestMigrate'>);
    if (delivered.name === 'decision') note((delivered.message as MessageOf<'decision'>).explanation);
  };
  const watchRequest = ({ container, to }: MessageOf<'requestMigrate'>) => {
    const stored = broker.stored();
    const onNode = stored.filter(({ name, parameters }) => name === 'nodeContainer' && parameters['node'] === to);
    const own = stored.find(
      ({ name, parameters, message }) =>
        name === 'nodeContainer' && parameters['name'] === container && (message as { pinned: boolean }).pinned,
    );
    const state = stored.find(({ name, parameters }) => name === 'nodeState' && parameters['node'] === to);
    const status = (state?.message as MessageOf<'nodeState'> | undefined)?.status;
    // a will that came after the next birth is not believed, so a wrong `offline` may stand for a moment
    if (status !== 'online' && !accessPoints.get(to)?.agentUp())
      broke(`${container} sent to ${to}, which is ${status}`);
    if (status === 'draining') broke(`${container} sent to ${to}, which is draining`);
    if (own) broke(`${container} sent to ${to} while pinned`);
    if (onNode.length >= maxContainers) broke(`${container} sent to ${to}, which is full`);
  };
  const broke = (text: string) => {
    violations.push(text);
    note(`VIOLATION ${text}`);
  };
  broker.subscribe(watch);
  const controller = makeController(broker, time, parts);
  controller.start();

  const at = (node: string | undefined) => accessPoints.get(node ?? '');
  const mishaps: Record<string, () => void> = {
    roam: () => {
      const mac = random.pick(macs);
      const to = random.pick(names);
      const from = places.get(mac);
      note(`${mac} ${from} -> ${to}`);
      places.set(mac, to);
      changes.push({ mac, atMs: time.now() });
      if (from !== to) at(from)?.disassociate(mac);
      at(to)?.associate(mac);
    },
    flap: () => {
      const mac = random.pick(macs);
      let timeMs = time.now();
      for (let count = random.integer(2, 8); count > 0; count--) {
        timeMs += random.integer(20, 800);
        const to = random.pick(names);
        time.at(timeMs, () => {
          const from = places.get(mac);
          note(`${mac} ${from} -> ${to} (flapping)`);
          places.set(mac, to);
          changes.push({ mac, atMs: time.now() });
          if (from !== to) at(from)?.disassociate(mac);
          at(to)?.associate(mac);
        });
      }
    },
    leave: () => {
      const mac = random.pick(macs);
      const from = places.get(mac);
      places.delete(mac);
      changes.push({ mac, atMs: time.now() });
      note(`${mac} left ${from}`);
      at(from)?.disassociate(mac);
    },
    restartHostapd: () => {
      const node = random.pick(names);
      note(`hostapd of ${node} restarts`);
      at(node)?.restartHostapd(() => macs.filter((mac) => places.get(mac) === node));
    },
    crashAgent: () => {
      firstOutageMs = Math.min(firstOutageMs, time.now());
      const node = random.pick(names);
      note(`agent of ${node} crashes`);
      at(node)?.crashAgent(
        () => containers.crashed(node),
        () => containers.started(node),
      );
    },
    restartController: () => {
      firstOutageMs = Math.min(firstOutageMs, time.now());
      if (!controller.running()) return;
      note('controller restarts');
      controller.crash();
      time.at(time.now() + random.integer(0, 5000), () => controller.start());
    },
    cutController: () => {
      firstOutageMs = Math.min(firstOutageMs, time.now());
      controller.crashDuringNextStep(random.integer(0, 4));
      time.at(time.now() + random.integer(1000, 8000), () => controller.start());
    },
    pin: () => containers.pin(random.pick(all as [ContainerModel]).name, random.chance(0.4)),
    drain: () => at(random.pick(names))?.drain(random.chance(0.4)),
  };
  const likely: [string, ...string[]] = ['roam', 'roam', 'roam', 'roam', 'flap', 'leave'];
  likely.push(...Object.keys(mishaps));
  let timeMs = startMs;
  for (let count = random.integer(5, 40); count > 0; count--) {
    timeMs += random.chance(0.5) ? random.integer(10, 2000) : random.integer(2000, 20_000);
    time.runUntil(timeMs);
    mishaps[random.pick(likely)]?.();
  }
  time.runUntil(time.now() + 10_000);
  note('rest');
  containers.behave();
  controller.start();
  time.runUntil(time.now() + restMs);

  for (const { name, follows, node, pinned } of all) {
    const place = places.get(follows);
    const inTime = containers.moves.filter((move) => move.container === name);
    const full = all.filter((other) => other.node === place).length >= maxContainers;
    if (place !== undefined && node !== place && !pinned && !full && !at(place)?.draining())
      broke(`${name} rests on ${node}, but its client is at ${place}`);
    for (const [first, { requestedAtMs: fromMs }] of inTime.entries())
      for (const [last, { requestedAtMs: toMs }] of inTime.entries())
        if (last > first && last - first + 1 > mostMoves(policy, toMs - fromMs, Number.POSITIVE_INFINITY))
          broke(`${name} moved ${last - first + 1} times in ${toMs - fromMs} ms`);
    const own = [...changes.filter(({ mac }) => mac === follows), { atMs: Number.POSITIVE_INFINITY }];
    for (const [index, { atMs: fromMs }] of own.entries()) {
      if (fromMs > firstOutageMs) break; // who did not hear all may guess wrong, and mend it later
      const untilMs = own[index + 1]?.atMs ?? fromMs;
      const during = inTime.filter(
        ({ requestedAtMs: atMs }) => atMs >= fromMs + latencyMs && atMs < Math.min(untilMs, firstOutageMs),
      );
      if (during.length > 1)
        broke(
          `${name} moved ${during.length} times while its client stayed where it was (skewed ${skewed}, ${during.map((move) => `${move.requestedAtMs - startMs} to ${move.to}`).join(', ')})`,
        );
    }
    const associations = [...accessPoints.values()].reduce((sum, point) => sum + point.stamps(follows), 0);
    if (inTime.length > mostMoves(policy, Number.POSITIVE_INFINITY, associations))
      broke(`${name} moved ${inTime.length} times for ${associations} associations`);
  }
  return { violations, moves: containers.moves.length, journal };
}
