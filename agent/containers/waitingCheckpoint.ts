import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { type LongRunning, start } from '../../host/command.ts';
import { makeGate } from './gate.ts';
import type { ContainerPlace } from './record.ts';
import { criuErrors, writeCriuConfiguration } from './runc.ts';

/** A CRIU that has done all that can be done before the processes stand still, and waits to dump them. */
export interface WaitingCheckpoint {
  /** Where the images will be. */
  readonly imageDirectory: string;
  /**
   * Dumps the processes, which the freezer holds. Resolves when all images are there; the processes stay frozen and in
   * memory, and CRIU still holds on to them until {@link letGo}.
   * @throws TagalongError `checkpoint-failed`
   */
  dump(): Promise<void>;
  /** Lets CRIU let go of the processes. The freezer holds them still. */
  letGo(): Promise<void>;
  /** Ends it, however far it is. */
  cancel(): Promise<void>;
}

/** CRIU hands its end of a socket pair to the descriptor of this number. */
const pageSocketFd = 9;

/**
 * Starts `runc checkpoint` up to the place where CRIU would stop the processes: an action script holds it at `pre-dump`
 * (criu(8), ACTION SCRIPTS).
 *
 * Memory that can follow lazily is not written into the images. CRIU's page server would offer it instead; it is given a
 * socket of ours, so that no port is opened, and nobody asks it for pages: the agent reads them from the frozen processes
 * themselves. Closing the socket ends it in order.
 *
 * @param directory - on a tmpfs; images, logs and scripts
 * @param withoutMemory - false where this kernel has no userfaultfd: then the images hold all memory
 */
export async function waitingCheckpoint(options: {
  name: string;
  node: string;
  place: ContainerPlace;
  directory: string;
  withoutMemory: boolean;
}): Promise<WaitingCheckpoint> {
  const { name, node, place, directory, withoutMemory } = options;
  const at = (part: string) => join(directory, part);
  for (const part of ['images', 'work', 'gate']) await rm(at(part), { recursive: true, force: true });
  await mkdir(at('images'), { recursive: true, mode: 0o700 });
  const gate = await makeGate(at('gate'));
  const script = at('gate/criu.sh');
  await writeFile(
    script,
    `#!/bin/sh
case $CRTOOLS_SCRIPT_ACTION in
pre-dump) echo waiting >'${gate.reachedPath}'; read word <'${gate.answerPath}' && [ "$word" = go ] ;;
post-dump) echo dumped >'${gate.reachedPath}' ;;
esac
`,
    { mode: 0o700 },
  );
  const lazy = withoutMemory ? ['lazy-pages', `ps-socket ${pageSocketFd}`] : [];
  await writeCriuConfiguration(place, [`action-script ${script}`, ...lazy]);
  const child = start('runc', checkpointParameters(name, at('images'), at('work'), withoutMemory), {
    socketFd: pageSocketFd,
  });
  const failed = failureOf(child, { name, node, workDirectory: at('work') });
  failed.catch(() => undefined); // awaited where it matters
  await Promise.race([gate.reached('waiting'), failed]);

  return {
    imageDirectory: at('images'),
    async dump() {
      gate.answer('go');
      await Promise.race([gate.reached('dumped'), failed]);
      if (!withoutMemory) await failed;
    },
    async letGo() {
      child.socket?.destroy();
      await failed;
      await gate.close();
    },
    async cancel() {
      gate.answer('no');
      child.socket?.destroy();
      await child.ended;
      await gate.close();
    },
  };
}

function checkpointParameters(name: string, images: string, work: string, withoutMemory: boolean): string[] {
  return [
    'checkpoint',
    '--leave-running',
    '--tcp-established',
    '--file-locks',
    // the address is asked for and not used: the socket that CRIU inherits comes first
    ...(withoutMemory ? ['--lazy-pages', '--page-server', '127.0.0.1:1'] : []),
    '--image-path',
    images,
    '--work-path',
    work,
    name,
  ];
}

/** Resolves when it has ended well. @throws TagalongError `checkpoint-failed` with what CRIU said */
async function failureOf(
  child: LongRunning,
  about: { name: string; node: string; workDirectory: string },
): Promise<void> {
  const { exitCode, stderr } = await child.ended;
  if (exitCode === 0) return;
  const said = await criuErrors(join(about.workDirectory, 'dump.log'));
  const problem = said || stderr.trim().split('\n').slice(-2).join(' / ') || `runc ended with ${exitCode}`;
  throw new TagalongError('checkpoint-failed', { container: about.name, node: about.node, problem });
}
