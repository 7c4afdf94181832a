import { rm } from 'node:fs/promises';
import { runcRecord, writeCriuConfiguration } from '../containers/runc.ts';
import { writeManifest } from '../files/storedManifest.ts';
import type { Arrival, Ready } from './arrival.ts';
import type { IncomingOptions } from './incomingOptions.ts';

/**
 * What nobody waits for once the container runs: it is noted as one of this node's, and what was only for its arrival is ended.
 *
 * @param adopted - called when it can be seen
 */
export async function finishArrival(
  arrival: Arrival,
  ready: Ready,
  { containers, settling }: Pick<IncomingOptions, 'containers' | 'settling'>,
  adopted: () => void,
): Promise<void> {
  const { spec, generation, place, directory, migration, from, base, pages = [] } = arrival;
  await ready.restore.done;
  // before the container can be seen, and moved on
  if (ready.pager === undefined) {
    base?.store.retain(pages);
    base?.advance();
  }
  await writeManifest(place.manifestFile, { migration, manifest: arrival.manifest ?? new Map() });
  const { pid } = await runcRecord(spec.name);
  await containers.adopt({
    spec,
    generation,
    status: 'running',
    since: new Date().toISOString(),
    pid,
    ...(ready.pager === undefined ? {} : { lazy: { migration, from } }),
  });
  adopted();
  ready.archive.input.end();
  await Promise.allSettled([ready.port.end(), ready.restore.close(), writeCriuConfiguration(place, [])]);
  if (ready.pager !== undefined) await settling.follow(spec.name, migration, ready.pager.end, pages);
  else settling.trim();
  await rm(directory, { recursive: true, force: true });
}
