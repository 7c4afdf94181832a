import { join } from 'node:path';
import { reserveMemory } from '../../host/memoryReserve.ts';
import type { Endpoint } from '../channel/peers.ts';
import { holdPort } from '../containers/heldPort.ts';
import { prepareSurroundings } from '../containers/prepare.ts';
import { mountLine } from '../containers/rootMount.ts';
import { waitingRestore } from '../containers/waitingRestore.ts';
import { readManifest } from '../files/manifest.ts';
import { unpackInto } from '../files/tar.ts';
import { seedImages } from '../images/seed.ts';
import type { Bases } from '../memory/bases.ts';
import { unpackRuns } from '../memory/pageRecords.ts';
import { startPager } from '../pager/startPager.ts';
import type { Arrival } from './arrival.ts';
import { costs } from './estimate.ts';
import type { IncomingOptions } from './incomingOptions.ts';
import type { ReadyNote } from './readyNote.ts';

type Options = Pick<
  IncomingOptions,
  'configuration' | 'images' | 'bases' | 'outcomes' | 'settling' | 'packetHold' | 'pageBytes' | 'endpointOf'
>;

/** Starts all that the restore needs; all of it or nothing is left running. */
export async function startAhead(arrival: Arrival, note: ReadyNote, options: Options): Promise<void> {
  const { configuration, images, bases, outcomes, settling, pageBytes } = options;
  const { node } = configuration;
  const { descriptors, lazy, processes, likely } = note;
  const { spec, place, directory, migration } = arrival;
  await prepareSurroundings(spec, place);
  arrival.manifest = await readManifest(place.state);
  const before = mountLine(place, images.rootFileSystem(spec.imageDigest));
  const outcomeFile = outcomes.fileOf(migration);
  const restore = await waitingRestore({
    name: spec.name,
    node,
    place,
    directory,
    descriptors,
    before,
    lazy,
    outcomeFile,
  });
  const { imageDirectory, workDirectory } = restore;
  const endings = [() => restore.cancel().finally(restore.close)];
  try {
    if (lazy) seedImages(imageDirectory, processes);
    arrival.expectedPids = processes.map(({ pid }) => pid);
    arrival.likely = unpackRuns(likely);
    const onState = (problem: string | undefined) => settling.onState(spec.name, problem);
    const pager = lazy
      ? await startPager(
          settling.directoryOf(migration),
          { imageDirectory, workDirectory, pageBytes, ...storeOf(spec.name, bases), ...sourceOf(arrival, options) },
          onState,
        )
      : undefined;
    if (pager !== undefined) endings.push(pager.cancel);
    const reserve = await reserveMemory(join(directory, 'reserve'), 2 * costs.eagerBytes);
    const port = await holdPort({ spec, place, bridge: configuration.bridge, method: options.packetHold });
    arrival.ready = { archive: unpackInto(place.state), restore, pager, reserve, port };
  } catch (error) {
    await Promise.allSettled(endings.map((end) => end()));
    throw error;
  }
}

/** Where what is here of a container's memory already is, if there is any. */
function storeOf(container: string, bases: Bases): { storeDirectory?: string } {
  const identity = bases.identityOf(container);
  const base = identity === undefined ? undefined : bases.open(container, identity);
  return base === undefined ? {} : { storeDirectory: base.store.directory };
}

/** Where what is missing of its memory can be fetched, if that is known. */
export function sourceOf(
  { from }: Pick<Arrival, 'from'>,
  { endpointOf }: Pick<IncomingOptions, 'endpointOf'>,
): { source?: { node: string } & Endpoint } {
  const endpoint = endpointOf(from);
  return endpoint === undefined ? {} : { source: { node: from, ...endpoint } };
}
