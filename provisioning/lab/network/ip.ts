import { run } from '../../../host/command.ts';
import type { LabProcess } from '../state.ts';

/** Runs commands of `ip` in the network namespace of a process, in one go. Stops at the first that fails. */
export async function ip(inside: LabProcess, commands: readonly string[]): Promise<void> {
  await run('nsenter', ['--target', String(inside.pid), '--net', 'ip', '-batch', '-'], {
    input: `${commands.join('\n')}\n`,
  });
}
