import { CommanderError } from 'commander';
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

/** What commander found wrong with the command line, as an error of ours. */
function usageError(error: CommanderError, words: readonly string[]): TagalongError {
  const command = words.filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-'))[0] ?? '';
  const problem = error.message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .split('\n')
    .join(' ');
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
  try {
    await makeProgram(terminal).parseAsync(words, { from: 'user' });
    return exitCodeTable.ok.code;
  } catch (error) {
    if (error instanceof EndWith) return error.exitCode;
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodeTable.ok.code; // --help, --version
    const own = error instanceof CommanderError ? usageError(error, words) : error;
    const report = describeError(own);
    show(terminal, report, asksForJson(words));
    return exitCodeOf(report.code);
  }
}
