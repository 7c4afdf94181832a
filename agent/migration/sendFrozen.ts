import { availableParallelism } from 'node:os';
import { encodeHeader } from '../channel/records.ts';
import { standStill } from '../containers/standStill.ts';
import { waitingCheckpoint } from '../containers/waitingCheckpoint.ts';
import { compareManifests, type Manifest, readManifest } from '../files/manifest.ts';
import { packedStill, packNamed } from '../files/tar.ts';
import { costs } from './estimate.ts';
import { type FrozenMemory, makeFrozenMemory } from './frozenMemory.ts';
import { openProcesses } from './memoryAhead.ts';
import { checkpointOf, counting, type Move, memoryOf } from './move.ts';
import { makePageSupply } from './pageSupply.ts';
import { makeParts } from './parts.ts';
import { techniqueTable } from './plan.ts';
import { isStuckFreezer } from './stuckFreezer.ts';
import { writeEnd, writeFileChanges, writeImages, writeMark } from './switchStream.ts';
import type { RoundHead } from './takeRound.ts';

const leastHotBytes = 128 << 10;
const dumpAttempts = 3;

/** Begins the dump; what can be sent meanwhile is sent by {@link sendFrozen}. */
export function startDump(move: Move): void {
  move.isDumped = false;
  move.dumping = checkpointOf(move)
    .dump()
    .finally(() => {
      move.isDumped = true;
    });
  move.dumping.catch(() => undefined);
}

/** Everything that goes out while the container stands still, as one stream. */
export async function sendFrozen(move: Move, write: (bytes: Buffer) => Promise<void>): Promise<void> {
  const { base, choice, hot, linkBytesPerSecond } = memoryOf(move);
  const { id, sequence } = base.identity;
  const head: RoundHead = {
    kind: 'round',
    sizeBytes: 0,
    id,
    sequence,
    isNew: sequence === 0,
    from: move.configuration.node,
  };
  await write(encodeHeader(head));
  move.processes = await openProcesses(move.freezer, move.pageBytes);
  const { share } = techniqueTable[move.technique];
  const restoresMeanwhile = share === 'all' && move.lazyRestore;
  const writeRecord = async (...pieces: Buffer[]) => {
    for (const piece of pieces) await write(piece);
  };
  const memory = makeFrozenMemory({
    processes: move.processes,
    store: base.store,
    hot,
    share,
    restoresMeanwhile,
    hasSpareProcessor: availableParallelism() > 2,
    budgetBytes: Math.max(leastHotBytes, ((linkBytesPerSecond() ?? costs.linkBytesPerSecond) * costs.hotMs) / 1000),
    choice,
    write: writeRecord,
  });
  move.frozenMemory = memory;
  const parts = makeParts();
  const manifest = readManifest(move.place.state);
  manifest.catch(() => undefined); // awaited below
  await memory.sendEarly(() => move.isDumped === true);
  parts.end('early');
  await sendFiles(move, await manifest, write);
  parts.end('files');
  await dumped(move, memory, write);
  parts.end('dump');
  const { imageDirectory } = checkpointOf(move);
  const { pages, remaining, names } = await memory.sendLate(imageDirectory);
  move.pages = pages;
  await writeImages(write, imageDirectory, names, choice.worthTrying());
  parts.end('late');
  if (restoresMeanwhile) {
    await writeMark(write, 'restorable');
    await memory.sendRest(remaining);
    parts.end('rest');
  } else if (remaining.length > 0) {
    move.supply = makePageSupply({
      processes: move.processes,
      runs: remaining,
      store: memory.known,
      pageBytes: move.pageBytes,
      choice,
      linkBytesPerSecond: memoryOf(move).linkBytesPerSecond,
      onSent: counting(move),
    });
    move.supplies.set(move.id, move.supply);
  }
  await writeEnd(write, move.supply === undefined);
  for (const [name, ms] of Object.entries(parts.all())) move.account.part(name, ms);
}

/** CRIU makes such a directory in the container's own file system while it dumps a tmpfs, and removes it (criu/mount.c). */
const criuTemporary = /(^|\/)cr-tmpfs\.[A-Za-z0-9]{6}$/;

/** Sends files that differ from what the destination has. */
async function sendFiles(move: Move, now: Manifest, write: (bytes: Buffer) => Promise<void>): Promise<void> {
  for (const path of now.keys()) if (criuTemporary.test(path)) now.delete(path);
  const { changed, removed: all } = compareManifests(move.staged ?? new Map(), now);
  move.staged = now;
  // after an earlier archive what is named is removed at the very end
  const removed = move.archive === undefined ? all.filter((path) => !now.has(path)) : all;
  if (changed.length === 0) return await writeFileChanges(write, { changed, removed }, undefined);
  const archive = move.archive ?? packNamed(move.place.state);
  move.archive = undefined;
  archive.input.end(changed.map((path) => `./${path}\0`).join(''));
  await writeFileChanges(write, { changed, removed }, archive.output);
  await packedStill(archive);
}

/** Waits for the dump, and tries again where the freezer held a process back. */
async function dumped(move: Move, memory: FrozenMemory, write: (bytes: Buffer) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await move.dumping;
      return;
    } catch (error) {
      move.signal.throwIfAborted();
      if (attempt === dumpAttempts || !(error instanceof Error) || !isStuckFreezer(error)) throw error;
      move.log.warn({ err: error, migration: move.id }, 'the freezer held a process back; once more');
      const { spec, configuration, place, directory, withoutMemory } = move;
      await move.checkpoint?.cancel();
      await move.freezer.thaw();
      const { name } = spec;
      move.checkpoint = await waitingCheckpoint({ name, node: configuration.node, place, directory, withoutMemory });
      await standStill(move.freezer, place);
      for (const process of move.processes ?? []) process.close();
      move.processes = await openProcesses(move.freezer, move.pageBytes);
      memory.startOver(move.processes);
      await writeMark(write, 'start-over');
      startDump(move);
      await memory.sendEarly(() => move.isDumped === true);
      await sendFiles(move, await readManifest(place.state), write);
    }
  }
}
