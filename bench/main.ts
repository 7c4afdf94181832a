/** The benchmarks: `npm run bench -- migration --quick`. */
import { Command } from 'commander';
import { describeError } from '../cli/answeredError.ts';
import { exitCodeTable } from '../cli/exitCodes.ts';
import { makeTerminal } from '../cli/terminal/terminal.ts';
import { migrationCommand } from './migration/command.ts';

const words = process.argv.slice(2);
const terminal = makeTerminal(process.stdout, process.stderr, process.env);

try {
  await new Command('bench')
    .description('Benchmarks of Tagalong, beside other ways to do the same.')
    .addCommand(migrationCommand(words, terminal))
    .parseAsync(words, { from: 'user' });
} catch (error) {
  const { message, remedy } = describeError(error);
  terminal.remark(`${terminal.style.bad('error')} ${message}`);
  terminal.remark(`  ${remedy}`);
  process.exitCode = exitCodeTable.failed.code;
}
