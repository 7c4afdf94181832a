import { type Command, Option } from 'commander';
import { makeCommand } from '../command.ts';
import { durationText } from '../terminal/quantities.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { labNameOption } from './name.ts';

interface RoamOptions {
  name: string;
  disconnect: 'none' | 'early' | 'late';
  json?: boolean;
}

/** `tagalong lab roam`. */
export function labRoamCommand(terminal: Terminal): Command {
  return makeCommand(
    'roam <station> <node>',
    'let a station roam to another access point',
    'tagalong lab roam phone1 ap2',
  )
    .addOption(labNameOption())
    .addOption(
      new Option('--disconnect <when>', 'when the old access point says that it left, if ever')
        .choices(['none', 'early', 'late'])
        .default('none'),
    )
    .action(async (station: string, to: string, { name, disconnect, json }: RoamOptions) => {
      const { labRoam } = await import('../../provisioning/lab/roam.ts');
      const result = await labRoam({ name, station, to, disconnect });
      if (json) terminal.json(result);
      else
        terminal.print(`${station} roamed from ${result.from ?? 'nowhere'} to ${to} in ${durationText(result.roamMs)}`);
    });
}

/** `tagalong lab associate`. */
export function labAssociateCommand(terminal: Terminal): Command {
  return makeCommand(
    'associate <station> <node>',
    'let a station appear at an access point and take an address',
    'tagalong lab associate phone1 ap1',
  )
    .addOption(labNameOption())
    .action(async (station: string, to: string, { name, json }: { name: string; json?: boolean }) => {
      const { labAssociate } = await import('../../provisioning/lab/roam.ts');
      const result = await labAssociate({ name, station, to });
      if (json) terminal.json(result);
      else terminal.print(`${station} (${result.mac}) is at ${to}, address ${result.address}`);
    });
}

/** `tagalong lab leave`. */
export function labLeaveCommand(terminal: Terminal): Command {
  return makeCommand('leave <station>', 'take a station off the air', 'tagalong lab leave phone1 --silent')
    .addOption(labNameOption())
    .option('--silent', 'the access point is not told')
    .action(async (station: string, options: { name: string; silent?: boolean; json?: boolean }) => {
      const { labLeave } = await import('../../provisioning/lab/roam.ts');
      const { name, silent = false, json } = options;
      const from = await labLeave({ name, station, silent });
      if (json) terminal.json({ station, from: from ?? null });
      else terminal.print(from === undefined ? `${station} was not associated` : `${station} left ${from}`);
    });
}
