import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { exitCodeTable } from '../../cli/exitCodes.ts';
import { countBetween } from '../../cli/parsing/count.ts';
import { parseName } from '../../cli/parsing/identifiers.ts';
import { makeLiveLine } from '../../cli/terminal/liveLine.ts';
import { tableLines } from '../../cli/terminal/table.ts';
import type { Terminal } from '../../cli/terminal/terminal.ts';
import { columns, failureLines } from '../report/columns.ts';
import { compare } from '../report/comparison.ts';
import type { BenchmarkDocument } from '../report/document.ts';
import { thisMachine } from '../report/machine.ts';
import { markdownPage } from '../report/markdown.ts';
import { cellsOf, type Run } from '../report/runs.ts';
import { benchmarkMigration } from './benchmark.ts';
import { type ContestantName, contestantNames, ownName } from './contestants.ts';

interface Options {
  quick?: boolean;
  json?: boolean;
  runs?: number;
  memory?: number[];
  links?: (number | null)[];
  contestants?: ContestantName[];
  lab: string;
  markdown?: string;
}

/** `1,64,256` as numbers. @throws InvalidArgumentError */
export function parseMemories(text: string): number[] {
  return text.split(',').map(countBetween(1, 16_384));
}

/** `free,1000,100` as limits in Mbit/s; null for `free`. @throws InvalidArgumentError */
export function parseLinks(text: string): (number | null)[] {
  const number = countBetween(1, 100_000);
  return text.split(',').map((word) => (word === 'free' ? null : number(word)));
}

/** Names of contestants. @throws InvalidArgumentError naming all */
export function parseContestants(text: string): ContestantName[] {
  return text.split(',').map((word) => {
    const name = contestantNames.find((candidate) => candidate === word);
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`"${word}" is none of ${contestantNames.join(', ')}.`);
  });
}

/** What was asked for; what was not, as `--quick` or the full benchmark have it. */
export function scopeOf({ quick = false, runs, memory, links, contestants }: Partial<Options>) {
  return {
    runs: runs ?? (quick ? 1 : 5),
    memoriesMiB: memory ?? (quick ? [1, 64] : [1, 64, 256]),
    linksMbps: links ?? [null],
    contestants: contestants ?? contestantNames,
  };
}

const resultsDirectory = join(import.meta.dirname, '..', 'results');

async function keep(document: BenchmarkDocument, runs: readonly Run[]): Promise<string> {
  const path = join(resultsDirectory, `migration-${document.startedAt.replaceAll(/[:.]/g, '-')}.json`);
  await mkdir(resultsDirectory, { recursive: true });
  await writeFile(path, `${JSON.stringify({ ...document, runs }, undefined, 2)}\n`);
  return path;
}

async function perform(words: readonly string[], options: Options, terminal: Terminal, signal: AbortSignal) {
  const line = makeLiveLine(terminal);
  const startedAt = new Date();
  const scope = { ...scopeOf(options), lab: options.lab };
  const { runs, versions } = await benchmarkMigration(scope, line.show, signal).finally(() => line.clear());
  const document: BenchmarkDocument = {
    cells: cellsOf(runs),
    machine: thisMachine(),
    versions,
    command: ['npm run bench --', ...words].join(' '),
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
  };
  terminal.remark(`every run: ${await keep(document, runs)}`);
  if (options.markdown !== undefined) await writeFile(options.markdown, markdownPage(document, ownName));
  if (options.json) terminal.json(document, 'line');
  else {
    const comparisons = compare(document.cells, ownName);
    for (const text of tableLines(columns, comparisons, terminal.style)) terminal.print(text);
    for (const text of failureLines(comparisons)) terminal.print(terminal.style.bad(`failed: ${text}`));
  }
  if (document.cells.some(({ runs: counted }) => counted === 0)) process.exitCode = 1;
}

/** `bench migration`. @param words - the command line, for the report */
export function migrationCommand(words: readonly string[], terminal: Terminal): Command {
  return new Command('migration')
    .description('cold migration of a running container, beside the runC recipe and Podman; needs root')
    .option('--quick', 'one run at 1 and 64 MiB')
    .option('--json', 'last line of standard output: the result as one object')
    .option('--runs <number>', 'of each contestant at each size (default: 5)', countBetween(1, 1000))
    .option('--memory <MiB,...>', 'memory that the workload holds (default: 1,64,256)', parseMemories)
    .option('--links <Mbit/s,...>', "limits of the source's uplink, or `free` (default: free)", parseLinks)
    .option('--contestants <name,...>', `of ${contestantNames.join(', ')} (default: all)`, parseContestants)
    .option('--lab <name>', 'name of the lab that is started for it', parseName, 'bench')
    .option('--markdown <file>', 'write a page with the tables, as docs/benchmark.md')
    .addHelpText('after', '\nExample:\n  $ npm run bench -- migration --quick')
    .action(async (options: Options) => {
      const interruption = new AbortController();
      const interrupt = () => interruption.abort(new Error('interrupted'));
      process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
      try {
        await perform(words, options, terminal, interruption.signal);
      } catch (error) {
        if (!interruption.signal.aborted) throw error;
        terminal.remark('interrupted');
        process.exitCode = exitCodeTable.interrupted.code;
      } finally {
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      }
    });
}
