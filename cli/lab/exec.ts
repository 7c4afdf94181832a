import type { Command } from 'commander';
import { makeCommand } from '../command.ts';
import { EndWith } from '../endWith.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { labNameOption } from './name.ts';

interface LabExecOptions {
  name: string;
  json?: boolean;
}

/** `tagalong lab exec`: its exit code is the program's. */
export function labExecCommand(terminal: Terminal): Command {
  return makeCommand(
    'exec <member> <command...>',
    'run a command in a member of a lab',
    'tagalong lab exec ap1 -- hostapd_cli -p /run/hostapd all_sta',
  )
    .addOption(labNameOption())
    .passThroughOptions()
    .action(async (member: string, words: string[], { name, json }: LabExecOptions) => {
      const command = words[0] === '--' ? words.slice(1) : words;
      const lab = await import('../../provisioning/lab/exec.ts');
      if (json) {
        terminal.json({ member, ...(await lab.labRun({ name, member, command })) });
        return;
      }
      const exitCode = await lab.labExec({ name, member, command });
      if (exitCode !== 0) throw new EndWith(exitCode);
    });
}
