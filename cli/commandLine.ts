import { type Command, CommanderError } from 'commander';
import { TagalongError } from '../broker/contract/errors.ts';
import { type AnsweredReport, describeError } from './answeredError.ts';
import { EndWith } from './endWith.ts';
import { exitCodeOf, exitCodeTable } from './exitCodes.ts';
import { makeProgram } from './program.ts';
import { printable } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? undefined : end).includes('--json');
}

/** The command that the words name, as far as they name one: `tagalong lab up`. */
function namedCommand(program: Command, words: readonly string[]): string {
  const next = program.commands.find((command) => command.name() === words[0]);
  return next === undefined ? program.name() : `${program.name()} ${namedCommand(next, words.slice(1))}`;
}

/** What commander found wrong with the command line, as an error of ours. */
function usageError(error: CommanderError, command: string): TagalongError {
  const problem = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return new TagalongError('bad-usage', { problem, command }, error);
}

function show(terminal: Terminal, report: AnsweredReport, json: boolean): void {
  if (json) {
    terminal.json({ error: report });
    return;
  }
  terminal.remark(`${terminal.style.bad('error')} ${printable(report.message)}`);
  const blocked = report.details?.['blockedReasons'];
  if (Array.isArray(blocked)) {
    for (const reason of blocked.slice(1)) terminal.remark(`  also: ${printable(String(reason?.message))}`);
  }
  terminal.remark(`  ${printable(report.remedy)}`);
}

/**
 * Runs one command line to its end. Nothing escapes: each error becomes a sentence and a remedy, or JSON, and an exit code.
 *
 * @param words - what stands after `tagalong`
 * @returns the exit code, see {@link exitCodeTable}
 */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  const program = makeProgram(terminal);
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCodeTable.ok.code;
  } catch (error) {
    if (error instanceof EndWith) return error.exitCode;
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodeTable.ok.code; // --help, --version
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodeTable.usage.code; // no command
    const own = error instanceof CommanderError ? usageError(error, namedCommand(program, words)) : error;
    const report = describeError(own);
    show(terminal, report, asksForJson(words));
    return exitCodeOf(report.code);
  }
}
