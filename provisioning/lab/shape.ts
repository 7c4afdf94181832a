import { TagalongError } from '../../broker/contract/errors.ts';
import { run, tryRun } from '../../host/command.ts';
import { pathsOf } from './directories.ts';
import { withLock } from './lock.ts';
import { processOf } from './member/enter.ts';
import {
  type LabMember,
  type LabProcess,
  type LabState,
  memberOf,
  readState,
  type Shaping,
  writeState,
} from './state.ts';

export interface LabShapeOptions extends Shaping {
  name: string;
  /** An access point, a node or the controller. */
  node: string;
  /** Takes the limits away. */
  clear?: boolean;
}

/** How long packets wait at most at the limit: a queue of a real uplink, not one of many megabytes. */
const queueMs = 100;

/** For `tc`: how one direction of a link is shaped. What is not given is not limited. */
export function shapingCommands(device: string, { rateMbps, delayMs, lossPercent }: Shaping): string[] {
  const netem = [
    ...(delayMs === undefined ? [] : [`delay ${delayMs}ms`]),
    ...(lossPercent === undefined ? [] : [`loss ${lossPercent}%`]),
  ].join(' ');
  if (rateMbps === undefined) return netem === '' ? [] : [`qdisc add dev ${device} root handle 10: netem ${netem}`];
  const bytesPerMs = (rateMbps * 1e6) / 8 / 1000;
  // one segment as large as the kernel hands them down must fit
  const burstBytes = Math.round(Math.max(65_536, bytesPerMs * 10));
  const queueBytes = Math.round(Math.max(131_072, bytesPerMs * queueMs));
  const rateKbit = Math.round(rateMbps * 1000);
  return [
    `qdisc add dev ${device} root handle 1: htb default 1`,
    `class add dev ${device} parent 1: classid 1:1 htb rate ${rateKbit}kbit burst ${burstBytes} cburst ${burstBytes} quantum 60000`,
    netem === ''
      ? `qdisc add dev ${device} parent 1:1 handle 10: bfifo limit ${queueBytes}`
      : `qdisc add dev ${device} parent 1:1 handle 10: netem ${netem}`,
  ];
}

async function setDirection(inside: LabProcess, device: string, shaping: Shaping): Promise<void> {
  const entry = ['--target', String(inside.pid), '--net', 'tc'];
  await tryRun('nsenter', [...entry, 'qdisc', 'del', 'dev', device, 'root']); // there may be none
  const commands = shapingCommands(device, shaping);
  if (commands.length > 0) await run('nsenter', [...entry, '-batch', '-'], { input: `${commands.join('\n')}\n` });
}

/** Both directions of a node's cable: its own end, and the end at the backbone. */
async function setShaping(state: LabState, node: LabMember, shaping: Shaping): Promise<void> {
  await setDirection(await processOf(state, node), 'up0', shaping);
  await setDirection(await processOf(state, memberOf(state, 'backbone')), node.name, shaping);
}

function unavailable(error: unknown, shaping: Shaping): unknown {
  if (!(error instanceof TagalongError) || error.code !== 'command-failed') return error;
  const needsNetem = shaping.delayMs !== undefined || shaping.lossPercent !== undefined;
  return new TagalongError(
    'shaping-unavailable',
    {
      what: needsNetem ? 'delay and loss' : 'the rate',
      problem: error.details['problem'],
      module: needsNetem ? 'sch_netem' : 'sch_htb',
    },
    error,
  );
}

/**
 * Limits a node's uplink, the same in each direction: rate, delay (each way, so twice in a round trip), loss.
 * Replaces what was set before; with nothing given, or `clear`, nothing is limited.
 *
 * @returns what is in force
 * @throws TagalongError `shaping-unavailable` where the kernel cannot (the uplink is then not limited), `lab-down`, `unknown-member`
 */
export async function labShape(options: LabShapeOptions): Promise<Shaping> {
  const { name, node, clear, rateMbps, delayMs, lossPercent } = options;
  return await withLock(pathsOf(name).lock, async () => {
    const state = await readState(name);
    const member = memberOf(state, node, ['accessPoint', 'node', 'controller']);
    const shaping: Shaping = clear
      ? {}
      : {
          ...(rateMbps === undefined ? {} : { rateMbps }),
          ...(delayMs === undefined ? {} : { delayMs }),
          ...(lossPercent === undefined ? {} : { lossPercent }),
        };
    delete member.shaping;
    try {
      await setShaping(state, member, shaping);
      if (Object.keys(shaping).length > 0) member.shaping = shaping;
    } catch (error) {
      await setShaping(state, member, {});
      throw unavailable(error, shaping);
    } finally {
      await writeState(state);
    }
    return shaping;
  });
}
