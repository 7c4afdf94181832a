import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../broker/connection.ts';
import { exists } from './checkpoints/draftFile.ts';
import type { Containers } from './containers/containers.ts';
import { reopenPort } from './containers/heldPort.ts';
import { runcState } from './containers/runc.ts';
import type { Outcomes } from './migration/outcomes.ts';
import { findArrival } from './migration/rules.ts';

/** It may have passed its barrier just now, and runC has yet to note it. */
async function stateSoon(name: string) {
  for (let attempt = 0; ; attempt += 1) {
    const state = await runcState(name);
    if (state !== undefined || attempt === 20) return state;
    await wait(100);
  }
}

/**
 * At start: compares what the disk says with what runs, and finishes or undoes what an earlier run left in the middle.
 * A container on its way here runs here only if its migration was committed; one that was being started is removed, and so
 * is one whose checkpoint was finished but for its end.
 *
 * @param node - its bridge, and whether a pager was started for a migration
 */
export async function reconcile(
  containers: Containers,
  outcomes: Outcomes,
  node: { bridge: string; hasPager: (migration: string) => boolean },
  log: Log,
): Promise<void> {
  const { bridge, hasPager } = node;
  for (const record of containers.leftArrivals) {
    const { name } = record.spec;
    const migration = record.arrival ?? '';
    const { outcome } = await outcomes.settle({ migration, container: name, outcome: 'aborted' });
    const state = outcome === 'committed' ? await stateSoon(name) : undefined;
    const next = findArrival(outcome, state === undefined ? 'gone' : 'running');
    if (state === undefined || next !== 'adopt') {
      if (next === 'lost')
        log.error({ container: name, migration }, 'a container that was handed over to this node is gone');
      await containers.remove(name);
      continue;
    }
    await containers.adopt({
      spec: record.spec,
      generation: record.generation,
      status: 'running',
      since: record.since,
      pid: state.pid,
      // its memory may still be on its way
      ...(record.arrivalFrom !== undefined && hasPager(migration)
        ? { lazy: { migration, from: record.arrivalFrom } }
        : {}),
    });
    await reopenPort({ spec: record.spec, place: containers.place(name), bridge });
  }
  for (const record of containers.list()) {
    const { name } = record.spec;
    if (record.status === 'creating') {
      await containers.remove(name);
      continue;
    }
    if (record.checkpoint !== undefined) {
      const { draft, endsAt } = record.checkpoint;
      const hasEnded = endsAt !== undefined && (await exists(endsAt));
      await rm(draft, { force: true });
      if (hasEnded) {
        await containers.remove(name);
        continue;
      }
      await containers.update(name, { checkpoint: undefined });
    }
    const state = await runcState(name);
    if (state === undefined || state.status === 'stopped') {
      if (record.status !== 'stopped')
        await containers.update(name, { status: 'stopped', pid: undefined, since: new Date().toISOString() });
    } else if (state.pid !== record.pid) await containers.update(name, { pid: state.pid });
  }
}
