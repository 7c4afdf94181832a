import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import { ip, waitingIp } from '../../host/ip.ts';
import { cutPortCommands } from '../containers/network.ts';
import { criuErrors, runcCheckpoint } from '../containers/runc.ts';
import { compareManifests, contentBytes, readManifest } from '../files/manifest.ts';
import { packNamed, packTree } from '../files/tar.ts';
import type { Move } from './move.ts';
import type { Step, StepKind } from './plan.ts';
import { committedSchema, doneSchema, switchedSchema } from './routes.ts';
import { isStuckFreezer } from './stuckFreezer.ts';
import { writeSwitchStream } from './switchStream.ts';

/** How each kind of step is done. Each either does it whole or throws; what it changed is undone by `undo.ts`. */
export const executors: { [K in StepKind]: (move: Move, step: Extract<Step, { kind: K }>) => Promise<void> } = {
  async 'open-destination'(move) {
    const { spec, generation } = move;
    const body = { spec, generation, from: move.configuration.node };
    await move.peers.ask(move.to, 'POST', `/v1/migrations/${move.id}`, body, doneSchema, { signal: move.signal });
  },

  async 'stage-image'(move, step) {
    const image = move.images.send(step.digest);
    await move.peers.send(
      move.to,
      `/v1/images/${step.digest}`,
      async (output) => {
        await Promise.all([pipeline(image.output, output), image.done]);
      },
      doneSchema,
      { signal: move.signal, timeoutMs: 3_600_000, onSent: counting(move) },
    );
  },

  async 'stage-files'(move) {
    // read before they are packed: what changes meanwhile shows as a difference later
    move.staged = await readManifest(move.place.state);
    const tar = packTree(move.place.state);
    await move.peers.send(
      move.to,
      `/v1/migrations/${move.id}/files`,
      async (output) => {
        // a file that grows or vanishes while tar reads it makes it complain; the frozen round sends it again
        await Promise.all([pipeline(tar.output, output), tar.done.catch(() => undefined)]);
      },
      doneSchema,
      { signal: move.signal, timeoutMs: 3_600_000, onSent: counting(move) },
    );
  },

  async 'make-ready'(move) {
    await mkdir(move.directory, { recursive: true, mode: 0o700 });
    await move.peers.ask(move.to, 'POST', `/v1/migrations/${move.id}/ready`, {}, doneSchema, { signal: move.signal });
    move.archive = packNamed(move.place.state);
    move.waitingIp = waitingIp();
    // ahead of time, so that nothing waits for a disk while the container is frozen: from here on only the destination
    // can tell how the move ends, if this agent should not live to see it
    const { id, to, generation } = move;
    await move.containers.update(move.spec.name, { handOver: { migration: id, to, generation } });
  },

  async freeze(move) {
    move.frozenAtMs = performance.now();
    await move.freezer.freeze();
    // until the destination keeps what comes, the kernel here takes it in, for the dump to carry over
    const kept = await hold(move);
    const cut = cutPortCommands(move.place);
    await (move.waitingIp?.carryOut(cut) ?? ip(cut));
    // what the kernel here still acknowledged made the switches believe that the container is here
    if (kept) void hold(move);
  },

  async dump(move) {
    for (let attempt = 1; ; attempt += 1) {
      const failure = await dumpOnce(move);
      if (failure === undefined) return;
      move.signal.throwIfAborted();
      if (attempt === dumpAttempts || !isStuckFreezer(failure)) throw failure;
      move.log.warn({ err: failure, migration: move.id }, 'the freezer held a process back; once more');
      await move.freezer.thaw();
      await move.freezer.freeze();
    }
  },

  async 'switch-over'(move) {
    const now = await readManifest(move.place.state);
    const { changed, removed } = compareManifests(move.staged ?? new Map(), now);
    const archive = changed.length === 0 ? undefined : move.archive;
    move.archive?.input.end(changed.map((path) => `./${path}\0`).join(''));
    const images = join(move.directory, 'images');
    const imageBytes = contentBytes(await readManifest(images));
    move.account.expect(move.account.document().sentBytes + imageBytes + contentBytes(now, changed));
    await move.peers.send(
      move.to,
      `/v1/migrations/${move.id}/switch`,
      async (output) => {
        await writeSwitchStream(output, {
          removed,
          archive: archive?.output,
          imageDirectory: join(move.directory, 'images'),
        });
        await archive?.done;
        move.account.enter('restoring');
        move.progressed();
      },
      switchedSchema,
      { signal: move.signal, timeoutMs: 600_000, onSent: counting(move) },
    );
  },

  async commit(move) {
    move.signal.throwIfAborted();
    const { id, to } = move;
    move.handedOver = true; // a cancel that comes now is too late
    const askedMs = performance.now();
    const { resumedAfterMs } = await move.peers.ask(to, 'POST', `/v1/migrations/${id}/commit`, {}, committedSchema);
    const answeredMs = performance.now();
    const halfWayMs = Math.max(0, answeredMs - askedMs - resumedAfterMs) / 2;
    move.committed = true;
    move.account.committed(answeredMs - halfWayMs - (move.frozenAtMs ?? askedMs));
  },

  async 'clean-up'(move) {
    await move.waitingIp?.end();
    await move.containers.remove(move.spec.name);
    await rm(move.directory, { recursive: true, force: true });
  },
};

function counting(move: Move): (bytes: number) => void {
  return (bytes) => {
    move.account.sent(bytes);
    move.progressed();
  };
}

const dumpAttempts = 3;
/** To wait longer would cost more than the packets that are lost. */
const holdTimeoutMs = 100;

/** Asks the destination to take what is sent to the container, and to keep it; false where it does not. */
async function hold(move: Move): Promise<boolean> {
  try {
    const path = `/v1/migrations/${move.id}/hold`;
    await move.peers.ask(move.to, 'POST', path, {}, doneSchema, { timeoutMs: holdTimeoutMs });
    return true;
  } catch (error) {
    move.log.debug({ err: error, migration: move.id }, 'packets are not kept meanwhile');
    return false;
  }
}

async function dumpOnce(move: Move): Promise<TagalongError | undefined> {
  const images = join(move.directory, 'images');
  const work = join(move.directory, 'work');
  await Promise.all([images, work].map((path) => rm(path, { recursive: true, force: true })));
  try {
    await runcCheckpoint(move.spec.name, images, work, move.signal);
    return undefined;
  } catch (error) {
    const said = await criuErrors(join(work, 'dump.log'));
    const problem = said || (error instanceof Error ? error.message : String(error));
    const { name } = move.spec;
    return new TagalongError('checkpoint-failed', { container: name, node: move.configuration.node, problem }, error);
  }
}
