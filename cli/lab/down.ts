import type { Command } from 'commander';
import { makeCommand } from '../command.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { labNameOption } from './name.ts';

/** `tagalong lab down`. */
export function labDownCommand(terminal: Terminal): Command {
  return makeCommand('down', 'take a lab down; nothing of it stays', 'tagalong lab down')
    .addOption(labNameOption())
    .action(async ({ name, json }: { name: string; json?: boolean }) => {
      const { labDown } = await import('../../provisioning/lab/down.ts');
      const was = await labDown({ name });
      if (json) terminal.json({ name, down: true, was });
      else terminal.print(was ? `lab ${name} is down` : `there was no lab ${name}`);
    });
}
