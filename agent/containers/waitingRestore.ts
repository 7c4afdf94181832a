import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { type Gate, makeGate } from './gate.ts';
import type { ContainerPlace } from './record.ts';
import { criuErrors, restoreParameters, type WaitingRunc, waitingRunc, writeCriuConfiguration } from './runc.ts';

/**
 * A runC that has done all that needs no images, and waits for them.
 *
 * It is held three times. First, before its CRIU begins: runC finds a script in place of `criu`, which waits for a word and
 * then becomes CRIU. Second, before CRIU reads pages: until then they need not be written. Third, when every process is
 * there and none has run an instruction. CRIU runs an action script at `post-setup-namespaces` and `post-restore`, and one
 * that fails undoes the restore (criu(8), ACTION SCRIPTS). So a container is never running here before the source has given
 * it up.
 */
export interface WaitingRestore {
  readonly imageDirectory: string;
  /** CRIU's log, and the socket of its lazy pages. */
  readonly workDirectory: string;
  /**
   * Restores from the images, up to the barrier.
   * @param writePages - writes the images of pages, while CRIU makes namespaces and mounts; it reads them afterwards
   * @throws TagalongError `restore-failed`; whatever `writePages` throws
   */
  restore(writePages: () => void): Promise<void>;
  /** Lets the processes run. Resolves when they do; runC returns a little later. */
  letRun(): Promise<void>;
  /** Resolves when runC has returned. */
  readonly done: Promise<void>;
  /** Gives it up, however far it is; what was restored is undone. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param directory - on a tmpfs; images, logs and scripts
 * @param descriptors - what runC noted of the container's standard streams at the source, see `runcRecord`
 * @param before - a shell line that mounts its root file system
 * @param lazy - whether memory is brought in while the processes run already
 * @param outcomeFile - where the agent writes that it has committed: it may end before it can say so to the barrier
 */
export async function waitingRestore(options: {
  name: string;
  node: string;
  place: ContainerPlace;
  directory: string;
  descriptors: readonly string[];
  before: string;
  lazy: boolean;
  outcomeFile: string;
}): Promise<WaitingRestore> {
  const { name, node, place, directory, lazy } = options;
  const at = (part: string) => join(directory, part);
  for (const part of ['images', 'work', 'bin']) await mkdir(at(part), { recursive: true, mode: 0o700 });
  // runC reads it before it starts CRIU; it is all that runC itself reads of the images
  await writeFile(at('images/descriptors.json'), JSON.stringify(options.descriptors), { mode: 0o600 });
  const criuGate = await makeGate(at('criu'));
  const barrier = await makeGate(at('barrier'));
  await writeFile(at('bin/criu'), criuScript(criuGate, at('bin')), { mode: 0o700 });
  const script = at('bin/barrier');
  await writeFile(script, barrierScript(barrier, options.outcomeFile), { mode: 0o700 });
  await writeCriuConfiguration(place, [`action-script ${script}`]);
  const parameters = restoreParameters(name, place, at('images'), at('work'), lazy);
  const runc = await waitingRunc(place, parameters, options.before, `${at('bin')}:${process.env['PATH'] ?? ''}`);
  runc.done.catch(() => undefined); // awaited where it matters
  runc.go();
  await Promise.race([criuGate.reached('waiting'), ended(runc)]);

  async function ended(waiting: WaitingRunc): Promise<never> {
    let problem = 'it passed its barrier unasked';
    let cause: unknown;
    try {
      await waiting.done;
    } catch (error) {
      cause = error;
      const said = await criuErrors(at('work/restore.log'));
      problem = said || (error instanceof Error ? error.message : String(error));
    }
    throw new TagalongError('restore-failed', { container: name, node, problem }, cause);
  }

  let going = false;
  return {
    imageDirectory: at('images'),
    workDirectory: at('work'),
    async restore(writePages) {
      going = true;
      runc.openLog();
      criuGate.answer('go');
      writePages();
      barrier.answer('go');
      await Promise.race([barrier.reached('restored'), ended(runc)]);
    },
    async letRun() {
      barrier.answer('go');
      await Promise.race([barrier.reached('resumed'), runc.done]);
    },
    done: runc.done,
    async cancel() {
      if (going) barrier.answer('no');
      else criuGate.answer('no');
      await runc.done.catch(() => undefined);
    },
    async close() {
      await Promise.all([criuGate.close(), barrier.close()]);
    },
  };
}

/**
 * Stands in the place of `criu`. runC starts it twice: to ask for its version, and to restore.
 *
 * Meanwhile runC reads where descriptors 0 to 2 of this process lead, and fails if one is not there: only a shell below it may
 * redirect them, since a shell that does closes them for a moment.
 *
 * @param gate - what it says `waiting` to before it restores; it goes on at `go`
 * @param directory - where it lies, which goes out of the path
 */
export function criuScript(gate: Pick<Gate, 'reachedPath' | 'answerPath'>, directory: string): string {
  return `#!/bin/sh
PATH=\${PATH#'${directory}:'}
(
  [ -e '${directory}/asked' ] || { : >'${directory}/asked'; exit 0; }
  echo waiting >'${gate.reachedPath}'
  read word <'${gate.answerPath}' && [ "$word" = go ]
) || exit 1
exec criu "$@"
`;
}

/**
 * CRIU's action script. An agent that ends closes the gate, which ends each wait here: then what it has written down decides
 * (`passesBarrierAlone` in `agent/migration/rules.ts`). Pipes are opened for both directions to be written to, which does not
 * wait for somebody to read.
 */
export function barrierScript(gate: Pick<Gate, 'reachedPath' | 'answerPath'>, outcomeFile: string): string {
  return `#!/bin/sh
case $CRTOOLS_SCRIPT_ACTION in
post-setup-namespaces) read word <'${gate.answerPath}' && [ "$word" = go ] ;;
post-restore)
  echo restored 1<>'${gate.reachedPath}'
  if read word <'${gate.answerPath}'; then [ "$word" = go ]; else grep -qs '"outcome":"committed"' '${outcomeFile}'; fi ;;
post-resume) echo resumed 1<>'${gate.reachedPath}' ;;
esac
`;
}
