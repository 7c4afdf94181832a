import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { agentCommand } from './agent.ts';
import { cancelCommand } from './cancel.ts';
import { checkpointCommand } from './checkpoint.ts';
import { clientsCommand } from './clients.ts';
import { contractCommand } from './contract.ts';
import { controllerCommand } from './controller.ts';
import { demoCommand } from './demo.ts';
import { describeCommand } from './describe.ts';
import { drainCommand } from './drain.ts';
import { exitCodeLines } from './exitCodes.ts';
import { hashPasswordCommand } from './hashPassword.ts';
import { inspectCommand } from './inspect.ts';
import { labCommand } from './lab.ts';
import { logsCommand } from './logs.ts';
import { migrateCommand } from './migrate.ts';
import { nodesCommand } from './nodes.ts';
import { pinCommand } from './pin.ts';
import { prepareCommand, unprepareCommand } from './prepare.ts';
import { psCommand } from './ps.ts';
import { resolveCommand } from './resolve.ts';
import { restoreCommand } from './restore.ts';
import { runCommand } from './run.ts';
import { stopCommand } from './stop.ts';
import type { Terminal } from './terminal/terminal.ts';
import { watchCommand } from './watch.ts';

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/** The command `tagalong` with all its sub-commands, writing to the terminal. It throws instead of ending the process. */
export function makeProgram(terminal: Terminal): Command {
  const program = new Command('tagalong')
    .enablePositionalOptions()
    .description('Containers that follow their user from Wi-Fi access point to access point, running.')
    .version(version())
    .addHelpText('after', `\nExample:\n  $ tagalong demo\n\nExit codes:\n${exitCodeLines().join('\n')}`)
    .helpOption('-h, --help', 'print help, with an example');
  const commands = [
    demoCommand(terminal),
    controllerCommand(terminal),
    agentCommand(terminal),
    runCommand(terminal),
    stopCommand(terminal),
    psCommand(terminal),
    logsCommand(terminal),
    describeCommand(terminal),
    nodesCommand(terminal),
    clientsCommand(terminal),
    migrateCommand(terminal),
    prepareCommand(terminal),
    unprepareCommand(terminal),
    resolveCommand(terminal),
    cancelCommand(terminal),
    checkpointCommand(terminal),
    restoreCommand(terminal),
    pinCommand(terminal, 'pin'),
    pinCommand(terminal, 'unpin'),
    drainCommand(terminal, 'drain'),
    drainCommand(terminal, 'undrain'),
    watchCommand(terminal),
    inspectCommand(terminal),
    labCommand(terminal),
    contractCommand(terminal),
    hashPasswordCommand(terminal),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.print(text.replace(/\n$/, '')),
      // errors are printed in one place, with their remedy
      writeErr: (text) => terminal.remark(text.replace(/\n$/, '')),
      outputError: () => undefined,
    });
  }
  return program;
}

/** A command and all below it. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
