import { Command } from 'commander';
import { labDownCommand } from './lab/down.ts';
import { labExecCommand } from './lab/exec.ts';
import { labRestartCommand } from './lab/restart.ts';
import { labAssociateCommand, labLeaveCommand, labRoamCommand } from './lab/roam.ts';
import { labShapeCommand } from './lab/shape.ts';
import { labStatusCommand } from './lab/status.ts';
import { labUpCommand } from './lab/up.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `tagalong lab`: a small site in namespaces on this machine. */
export function labCommand(terminal: Terminal): Command {
  const lab = new Command('lab')
    .enablePositionalOptions()
    .description('a small site in namespaces on this machine: access points, nodes, stations, a controller')
    .addHelpText('after', '\nExample:\n  $ tagalong lab up && tagalong nodes && tagalong lab down');
  for (const make of [
    labUpCommand,
    labDownCommand,
    labStatusCommand,
    labExecCommand,
    labAssociateCommand,
    labRoamCommand,
    labLeaveCommand,
    labShapeCommand,
    labRestartCommand,
  ]) {
    lab.addCommand(make(terminal));
  }
  return lab;
}
