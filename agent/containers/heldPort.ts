import { writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { run, tryRun } from '../../host/command.ts';
import { waitingIp } from '../../host/ip.ts';
import { waitingTc } from '../../host/tc.ts';
import { announceCommands, cutPortCommands, openNetwork, openPortCommands } from './network.ts';
import {
  endHoldCommands,
  fillCommands,
  type HoldCommands,
  type HoldMethod,
  holdPortCommands,
  releasePortCommands,
} from './packetHold.ts';
import type { ContainerPlace, ContainerSpec } from './record.ts';

/** The port of a container that is on its way here. No process is started by any of these. */
export interface HeldPort {
  /**
   * Puts the port on the bridge and announces the address: what is sent to the container comes here from now on and is
   * kept. Does nothing where this kernel cannot keep packets, since they would be refused or lost.
   */
  announce(): Promise<void>;
  /**
   * Delivers what was kept and lets packets pass; announces the address where that was not done before.
   * To be called when the container's sockets are there.
   */
  release(): Promise<void>;
  /** After the release: removes what held the packets. */
  end(): Promise<void>;
  /** Ends what waits, for a port that is given up; it is to be removed. */
  cancel(): Promise<void>;
}

export interface HeldPortOptions {
  spec: Pick<ContainerSpec, 'mac'>;
  place: Pick<ContainerPlace, 'networkNamespace' | 'port'>;
  bridge: string;
  /** What this kernel can; undefined where it can keep no packets. */
  method: HoldMethod | undefined;
}

/** Makes a port, which must be there and on no bridge, keep packets. */
export async function holdPort(options: HeldPortOptions): Promise<HeldPort> {
  const { spec, place, bridge, method } = options;
  const outside = waitingIp();
  const inside = waitingIp(place.networkNamespace);
  const tc = method === undefined ? undefined : waitingTc(place.port);
  const perform = async (commands: HoldCommands) => {
    await tc?.carryOut(commands.tc);
    await outside.carryOut(commands.ip);
  };
  const endPrograms = async () => {
    await Promise.all([outside.end(), inside.end(), tc?.end()]);
  };
  /** In this order: what is announced before the port is open is heard by nobody. */
  const open = async () => {
    await outside.carryOut(openPortCommands(place, bridge));
    await inside.carryOut(announceCommands(spec));
  };
  if (method !== undefined) {
    await writeFile(`/proc/sys/net/ipv4/conf/${place.port}/arp_notify`, '1');
    await perform(holdPortCommands(method, place, spec));
    if (method === 'tbf') await untilShut(place.port, () => outside.carryOut(fillCommands(place, spec)));
  }
  let isAnnounced = false;
  let isReleased = false;
  let expiry: NodeJS.Timeout | undefined;
  return {
    async announce() {
      // one that comes too late would make the kernel forget its neighbours while restored sockets send
      if (method === undefined || isReleased) return;
      isAnnounced = true;
      expiry ??= setTimeout(() => {
        // a bucket lets a packet pass in the end, which would be refused: better that packets are lost
        isAnnounced = false;
        outside.tell(cutPortCommands(place));
      }, longestHoldMs);
      expiry.unref();
      await open();
    },
    async release() {
      isReleased = true;
      clearTimeout(expiry);
      // not once more: it makes the kernel forget its neighbours, and what a restored socket had sent to one that is being
      // asked for is lost; its timer, which begins anew at a second, is then what a client waits for
      if (method === undefined) await open();
      else await Promise.all([isAnnounced ? undefined : open(), perform(releasePortCommands(method, place, spec))]);
    },
    async end() {
      if (method !== undefined) {
        const { tc: lines, ip: outsideLines } = endHoldCommands(method, place);
        tc?.tell(lines);
        outside.tell(outsideLines);
      }
      await endPrograms();
    },
    async cancel() {
      isReleased = true;
      clearTimeout(expiry);
      await endPrograms();
    },
  };
}

/** So long a bucket stays shut for certain. */
const longestHoldMs = 150_000;
const shutTimeoutMs = 3000;

/**
 * A link that has just been made is not yet in use: until the kernel has come round to it, which a busy machine puts off,
 * packets are thrown away before they reach the bucket. One that was not emptied would let the first packet of a client pass, to
 * a kernel that has no socket for it and breaks the connection off.
 */
async function untilShut(port: string, fill: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + shutTimeoutMs;
  for (;;) {
    const { stdout } = await run('tc', ['-statistics', '-json', 'qdisc', 'show', 'dev', port], { timeoutMs: 10_000 });
    if (statisticsSchema.parse(JSON.parse(stdout)).some(({ kind, packets }) => kind === 'tbf' && packets > 0)) return;
    if (Date.now() > deadline)
      throw new TagalongError('command-failed', {
        command: `hold packets at ${port}`,
        problem: 'it lets packets pass',
      });
    await wait(5);
    await fill();
  }
}

const statisticsSchema = z.array(z.object({ kind: z.string(), packets: z.number().default(0) }));

/** Opens a port and announces its address, whatever held it: for one that an earlier run of the agent left. */
export async function reopenPort(options: Omit<HeldPortOptions, 'method'>): Promise<void> {
  const { spec, place, bridge } = options;
  await tryRun('tc', ['qdisc', 'del', 'dev', place.port, 'root']);
  await tryRun('ip', ['addr', 'flush', 'dev', place.port]);
  await openNetwork(spec, place, bridge);
}
