import type { Log } from '../../broker/connection.ts';
import { reportOf, type TagalongError } from '../../broker/contract/errors.ts';
import type { Containers } from '../containers/containers.ts';
import { executors } from './executors.ts';
import type { Move } from './move.ts';
import type { Step } from './plan.ts';
import { resumeHere, settle } from './undo.ts';

/** Notes that only the destination knows how a move ended, and that it does not answer. */
export function noteDoubt(containers: Containers, log: Log, container: string, doubt: TagalongError): void {
  log.error({ err: doubt }, doubt.message);
  containers
    .update(container, { status: 'frozen', error: `${doubt.message} ${doubt.remedy}` })
    .catch((error: unknown) => log.warn({ err: error }, 'the doubt could not be written down'));
}

/**
 * Walks the steps of a move to its end, whatever that is; the account says how it ended.
 *
 * @param changed - called when it is over
 */
export async function conduct(move: Move, steps: readonly Step[], changed: () => void): Promise<void> {
  const { account, log } = move;
  try {
    await perform(move, steps);
  } catch (error) {
    const left = await recover(move, error).catch((failure: unknown) =>
      isServedLater(move) ? true : giveUp(move, failure),
    );
    if (isServedLater(move)) return;
    if (left) {
      account.enter('completed');
      await executors['clean-up'](move, { kind: 'clean-up', phase: 'completed' }).catch((failure: unknown) =>
        log.error({ err: failure, migration: move.id }, 'what the container left here could not be removed'),
      );
    } else {
      account.fail(reportOf(error));
      account.enter(move.signal.aborted ? 'cancelled' : 'failed');
    }
  } finally {
    changed();
  }
}

async function perform(move: Move, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (!move.committed) move.signal.throwIfAborted();
    if (move.account.phase !== step.phase) {
      move.account.enter(step.phase);
      move.progressed();
    }
    // the table gives for each kind the function that takes that very kind
    await (executors[step.kind] as (move: Move, step: Step) => Promise<void>)(move, step);
    move.log.debug({ migration: move.id, step: step.kind }, 'step done');
  }
}

/** Its pages are served on after the restart of this agent. */
const isServedLater = (move: Move) => move.committed === true && move.stopping.aborted && move.supply !== undefined;

/** Decides how a move that did not go through ends; true where the container has left nevertheless. */
async function recover(move: Move, error: unknown): Promise<boolean> {
  const { containers, log, spec } = move;
  if (move.committed) return true; // only our own tidying failed
  if (move.handedOver) {
    const settled = await settle(move, (doubt) => noteDoubt(containers, log, spec.name, doubt), move.stopping);
    if (settled === 'committed') {
      move.committed = true;
      await executors['serve-pages'](move, { kind: 'serve-pages', phase: 'lazy' }).catch((failure: unknown) => {
        if (move.committed) throw failure; // else the destination has lost it since
      });
      if (move.committed) return true;
    }
    move.overrules = true;
    await containers.update(spec.name, { generation: move.generation + 1, handOver: undefined, error: undefined });
  }
  log.warn({ err: error, migration: move.id }, 'the container runs on here');
  await resumeHere(move);
  const overruling = move.overrules ? { generation: move.generation + 1 } : {};
  await containers.update(spec.name, { ...overruling, status: 'running', handOver: undefined });
  return false;
}

/** Not even the way back worked: the container stays as it is, and says so. */
async function giveUp(move: Move, error: unknown): Promise<boolean> {
  move.log.error({ err: error, migration: move.id }, 'the container could not be brought back');
  await move.containers.update(move.spec.name, { status: 'frozen', error: reportOf(error).message });
  return false;
}
