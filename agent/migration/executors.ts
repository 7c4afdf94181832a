import { mkdir, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Streaming } from '../../host/command.ts';
import { ip, waitingIp } from '../../host/ip.ts';
import { put } from '../channel/records.ts';
import { cutPortCommands, portIsCut } from '../containers/network.ts';
import { runcRecord } from '../containers/runc.ts';
import { standStill } from '../containers/standStill.ts';
import { waitingCheckpoint } from '../containers/waitingCheckpoint.ts';
import { compareManifests, contentBytes, type Manifest, readManifest } from '../files/manifest.ts';
import { readStoredManifest } from '../files/storedManifest.ts';
import { packNamed, packTree } from '../files/tar.ts';
import type { BaseIdentity } from '../memory/bases.ts';
import { packRuns } from '../memory/pageRecords.ts';
import type { PageRun } from '../memory/pageStore.ts';
import { processTree } from '../memory/processTree.ts';
import { stopRule } from '../memory/stopRule.ts';
import { costs } from './estimate.ts';
import { holdThere } from './holdThere.ts';
import { startMemoryAhead } from './memoryAhead.ts';
import { checkpointOf, counting, type Move, memoryOf } from './move.ts';
import { leavesPagesBehind, type Step, type StepKind } from './plan.ts';
import { mostLikelyPages, type ReadyNote } from './readyNote.ts';
import { committedSchema, doneSchema, openedSchema, switchedSchema } from './routes.ts';
import { sendFrozen, startDump } from './sendFrozen.ts';
import { sendImage } from './sendImage.ts';
import { servePages } from './servePages.ts';
import { abortThere } from './undo.ts';

/** How each kind of step is done. Each either does it whole or throws; what it changed is undone by `undo.ts`. */
export const executors: { [K in StepKind]: (move: Move, step: Extract<Step, { kind: K }>) => Promise<void> } = {
  async 'open-destination'(move) {
    const { spec, generation, to, peers, bases, pageBytes } = move;
    const { node: from } = move.configuration;
    const prepared = await move.preparations.takeFor(spec.name, to);
    const earlier = await readStoredManifest(move.place.manifestFile);
    const body = { spec, generation, from, cameBy: earlier?.migration };
    const path = `/v1/migrations/${move.id}`;
    const { base: theirs, hasFiles } = await peers.ask(to, 'POST', path, body, openedSchema, { signal: move.signal });
    if (hasFiles && earlier !== undefined) move.theirFiles = earlier.manifest;
    prepared?.sent.clear();
    // a round that was broken off here may have come through there
    move.memory =
      prepared !== undefined && isSameBase(prepared.base.identity, theirs)
        ? prepared
        : startMemoryAhead({ container: spec.name, from, to, peers, bases, pageBytes, theirs });
  },

  async 'stage-image'(move, step) {
    const { images, peers, to, signal } = move;
    await sendImage({ images, peers, to, digest: step.digest, signal, onSent: counting(move) });
  },

  async 'stage-files'(move) {
    // read before they are packed: what changes meanwhile shows as a difference later
    move.staged = await readManifest(move.place.state);
    const tar = await packChanged(move, move.staged);
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

  async 'send-rounds'(move) {
    await sendRounds(move, costs.mostRounds);
  },

  async 'make-ready'(move) {
    const { id, to, generation, spec, configuration, place, directory, withoutMemory, lazyRestore: lazy } = move;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { descriptors } = await runcRecord(spec.name);
    const processes = processTree(await move.freezer.processes());
    const note: ReadyNote = { descriptors, lazy, processes, likely: packRuns(likelyPages(move)) };
    const there = move.peers.ask(to, 'POST', `/v1/migrations/${id}/ready`, note, doneSchema, {
      signal: move.signal,
    });
    const here = makeCheckpoint();
    await Promise.all([there, here]);
    move.archive = packNamed(place.state);
    move.waitingIp = waitingIp();
    // ahead of time, so that nothing waits for a disk while the container is frozen: from here on only the destination
    // can tell how the move ends, if this agent should not live to see it
    const handOver = { migration: id, to, generation, ...(leavesPagesBehind(move.technique) ? { lazy: true } : {}) };
    await move.containers.update(spec.name, { handOver });

    async function makeCheckpoint(): Promise<void> {
      move.checkpoint = await waitingCheckpoint({
        name: spec.name,
        node: configuration.node,
        place,
        directory,
        withoutMemory,
      });
    }
  },

  async 'last-rounds'(move) {
    // while all was made ready as much may have changed as would make the pause too long
    await sendRounds(move, memoryOf(move).rounds.length + costs.mostLastRounds);
  },

  async freeze(move) {
    move.gracePeriods.hasten();
    move.frozenAtMs = performance.now();
    await standStill(move.freezer, move.place);
    // until the destination keeps what comes, the kernel here takes it in, for the dump to carry over
    const kept = await holdThere(move);
    const cut = cutPortCommands(move.place);
    await (move.waitingIp?.carryOut(cut) ?? ip(cut));
    await portIsCut(move.place);
    // what the kernel here still acknowledged made the switches believe that the container is here
    if (kept) void holdThere(move);
    move.account.part('freeze', performance.now() - move.frozenAtMs);
  },

  async dump(move) {
    // what can be sent is sent meanwhile: the next step waits for it
    startDump(move);
  },

  async 'switch-over'(move) {
    const { base } = memoryOf(move);
    base.begin();
    const { parts } = await move.peers.send(
      move.to,
      `/v1/migrations/${move.id}/switch`,
      async (output) => {
        await sendFrozen(move, (bytes) => put(output, bytes));
        output.end();
        move.account.enter('restoring');
        move.progressed();
      },
      switchedSchema,
      { signal: move.signal, timeoutMs: 600_000, onSent: counting(move) },
    );
    for (const [name, ms] of Object.entries(parts)) move.account.part(name, ms);
  },

  async commit(move) {
    move.signal.throwIfAborted();
    const { id, to } = move;
    move.handedOver = true; // a cancel that comes now is too late
    const askedMs = performance.now();
    const { resumedAfterMs } = await move.peers.ask(to, 'POST', `/v1/migrations/${id}/commit`, {}, committedSchema, {
      timeoutMs: commitMs,
    });
    const answeredMs = performance.now();
    const halfWayMs = Math.max(0, answeredMs - askedMs - resumedAfterMs) / 2;
    move.committed = true;
    move.supply?.begin();
    // CRIU's end takes time that the destination would have to share, where both are on one machine
    void letGo(move);
    move.account.part('commit', answeredMs - askedMs);
    move.account.part('resume', resumedAfterMs);
    const downtimeMs = answeredMs - halfWayMs - (move.frozenAtMs ?? askedMs);
    move.account.committed(downtimeMs);
    if (move.supply === undefined) noteSaved(move);
    await learn(move, downtimeMs).catch((error: unknown) =>
      move.log.warn({ err: error }, 'nothing was learned from it'),
    );
  },

  async 'serve-pages'(move) {
    if (move.supply === undefined) return; // everything went before the commit
    const end = await servePages(move.supply, () => abortThere(move), move.stopping);
    if (end === 'lost there') {
      // it is as if the word had never been given
      move.committed = false;
      move.handedOver = false;
      move.overrules = true;
      throw new TagalongError('destination-lost', { container: move.spec.name, node: move.to, migration: move.id });
    }
    noteSaved(move);
  },

  async 'clean-up'(move) {
    const { memory, frozenMemory } = move;
    // at no time must it seem that no node has the container
    await move.peers
      .ask(move.to, 'POST', `/v1/migrations/${move.id}/adopted`, {}, doneSchema)
      .catch((error: unknown) =>
        move.log.debug({ err: error }, 'it could not be asked whether the container is known'),
      );
    if (memory !== undefined && frozenMemory !== undefined) {
      await frozenMemory.settle(memory.base.store, move.supply?.changedRuns() ?? []);
      memory.base.store.retain(move.pages ?? []);
      memory.base.advance();
    }
    await letGo(move);
    for (const process of move.processes ?? []) process.close();
    await move.waitingIp?.end();
    await move.archive?.stop();
    move.supplies.delete(move.id);
    move.bases.release(move.spec.name);
    const sizeBytes = contentBytes(move.staged ?? new Map());
    await move.containers.remove(move.spec.name, (state) =>
      move.keptState.keep(move.spec.name, state, move.id, sizeBytes),
    );
    await rm(move.directory, { recursive: true, force: true });
    move.bases.trim(new Set(move.containers.list().map(({ spec }) => spec.name)));
  },
};

const isSameBase = (one: BaseIdentity, other: BaseIdentity | undefined) =>
  one.id === other?.id && one.sequence === other.sequence;

/** Then the destination is asked how it ended, which does no harm if it was only slow. */
const commitMs = 5000;
const mostMs = 60_000;

/** A tar of the container's files: of those that the destination does not have, where it has kept some. */
async function packChanged(move: Move, now: Manifest): Promise<Streaming> {
  const { theirFiles, place, id, to, peers } = move;
  if (theirFiles === undefined) return packTree(place.state);
  const { changed, removed } = compareManifests(theirFiles, now);
  await peers.ask(to, 'POST', `/v1/migrations/${id}/removals`, { paths: removed }, doneSchema, { signal: move.signal });
  // a log may have grown there after it was compared
  const names = [...new Set([...changed, ...[...now.keys()].filter((path) => path.startsWith('log/'))])];
  move.account.saved(contentBytes(now) - contentBytes(now, names));
  const tar = packNamed(place.state);
  tar.input.end(names.map((path) => `./${path}\0`).join(''));
  return tar;
}

/** How much memory the destination had already: what was never sent of the pages that there are. */
function noteSaved({ pages = [], memory, frozenMemory, supply, account, pageBytes }: Move): void {
  if (memory === undefined || frozenMemory === undefined) return;
  for (const run of [...frozenMemory.changedPages.runs(), ...(supply?.changedRuns() ?? [])]) memory.sent.add(run);
  account.saved(pages.reduce((sum, { count }) => sum + count, 0) * pageBytes - memory.sent.size * pageBytes);
}

/** For the next estimate. */
async function learn(move: Move, downtimeMs: number): Promise<void> {
  const { experience, to, technique, account, spec } = move;
  const dirty = move.memory?.dirtyBytesPerSecond();
  if (dirty !== undefined) experience.noteDirtyRate(spec.name, dirty);
  const correction = experience.correctionsFor(to)[technique] ?? 1;
  await experience.learn(to, technique, account.order.estimate.downtimeMs / correction, downtimeMs);
}

/** Pages that the processes will most likely need at once when they go on. */
function likelyPages(move: Move): PageRun[] {
  const likely: PageRun[] = [];
  let room = mostLikelyPages;
  for (const run of move.memory?.hot.runs() ?? []) {
    if (run.count > room) break;
    likely.push(run);
    room -= run.count;
  }
  return likely;
}

/** CRIU need not hold on to the processes any longer, the freezer does. */
function letGo(move: Move): Promise<void> {
  move.lettingGo ??= checkpointOf(move)
    .letGo()
    .catch((error: unknown) => move.log.debug({ err: error, migration: move.id }, 'while CRIU let go'));
  return move.lettingGo;
}

/** Sends memory ahead until a further round is not worth it. */
async function sendRounds(move: Move, mostRounds: number): Promise<void> {
  const memory = memoryOf(move);
  const leftFollows = leavesPagesBehind(move.technique);
  for (;;) {
    const round = await memory.round(move.freezer, { signal: move.signal, onSent: counting(move) });
    move.account.round(round);
    move.progressed();
    const verdict = stopRule(memory.rounds, memory.linkBytesPerSecond() ?? costs.linkBytesPerSecond, {
      downtimeMs: move.downtimeTargetMs,
      fixedMs: costs.fixedMs,
      compareMsPerByte: leftFollows ? 0 : 1000 / costs.compareBytesPerSecond,
      mostRounds,
      mostMs,
      leftFollows,
    });
    if (!verdict.stop) continue;
    move.log.debug({ migration: move.id, rounds: memory.rounds.length }, verdict.reason);
    return;
  }
}
