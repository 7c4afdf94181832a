import type { Outcome } from './outcomes.ts';

/**
 * Who may run a container, whatever happened: the rules by which the two nodes of a migration decide, pure. The model in
 * `test/agent/migration/protocol/` walks through all interleavings of these very functions with crashes and lost messages.
 */

/** How a migration ended for its destination; written down before anything is done about it, and final. */
export type Settled = Outcome['outcome'];

/** What is left of the processes of a container on a node. */
export type Remains = 'running' | 'frozen' | 'gone';

/**
 * The destination is told to run the container.
 *
 * @param settled - what it has written down
 * @param isRestored - whether the restore has come to its barrier
 * @returns `run`: write down `committed`, and if that holds let the processes go
 */
export function hearCommit(settled: Settled | undefined, isRestored: boolean): 'run' | 'runs already' | 'refuse' {
  if (settled === 'committed') return 'runs already';
  return settled === undefined && isRestored ? 'run' : 'refuse';
}

/**
 * The restore is at its barrier, and who holds it there has ended without a word: only what is written down counts.
 * `waitingRestore.ts` has this as a line of shell.
 */
export function passesBarrierAlone(settled: Settled | undefined): boolean {
  return settled === 'committed';
}

/**
 * The destination's agent starts, and finds a container that was on its way.
 *
 * @param settled - what holds after `aborted` was written down where nothing was
 */
export function findArrival(settled: Settled, remains: Remains): 'adopt' | 'remove' | 'lost' {
  if (settled === 'aborted') return 'remove';
  return remains === 'gone' ? 'lost' : 'adopt';
}

/**
 * The source's agent starts, and finds a container of its own.
 *
 * @param isHandedOver - whether it was noted that the destination alone can tell how its move ends
 * @param mustStandStill - whether memory that it needs is elsewhere, or another node has it with a higher generation
 */
export function findOwn(
  isHandedOver: boolean,
  remains: Remains,
  mustStandStill: boolean,
): 'ask the destination' | 'thaw' | 'leave' {
  // what runs has not been frozen yet, or runs again: no word to commit was given, or it was refused
  if (isHandedOver && remains !== 'running') return 'ask the destination';
  return remains === 'frozen' && !mustStandStill ? 'thaw' : 'leave';
}

/** The source hears how its move ended. */
export function hearOutcome(
  settled: Settled,
  remains: Remains,
  leavesPagesBehind: boolean,
): 'serve pages' | 'give up' | 'thaw' | 'leave' {
  if (settled === 'aborted') return remains === 'frozen' ? 'thaw' : 'leave';
  return leavesPagesBehind && remains === 'frozen' ? 'serve pages' : 'give up';
}
