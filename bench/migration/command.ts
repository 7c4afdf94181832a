import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { exitCodeTable } from '../../cli/exitCodes.ts';
import { countBetween } from '../../cli/parsing/count.ts';
import { parseName } from '../../cli/parsing/identifiers.ts';
import { makeLiveLine } from '../../cli/terminal/liveLine.ts';
import { durationText } from '../../cli/terminal/quantities.ts';
import { tableLines } from '../../cli/terminal/table.ts';
import type { Terminal } from '../../cli/terminal/terminal.ts';
import { claimsOf } from '../report/claims.ts';
import { columns, failureLines } from '../report/columns.ts';
import { compare } from '../report/comparison.ts';
import { conditionsText, msText } from '../report/conditionsText.ts';
import type { BenchmarkDocument } from '../report/document.ts';
import { chooser, lostCells } from '../report/lost.ts';
import { thisMachine } from '../report/machine.ts';
import { markdownPage } from '../report/markdown.ts';
import { plot } from '../report/plot/plot.ts';
import { openRecording, type Recorded, readRecordings } from '../report/recording.ts';
import { cellsOf } from '../report/runs.ts';
import { benchmarkMigration } from './benchmark.ts';
import { type ContestantName, contestantNames } from './contestants.ts';
import { expectedMs, type Link } from './plan.ts';
import { type Scope, stagesFor } from './scope.ts';

interface Options extends Scope {
  json?: boolean;
  lab: string;
  markdown?: string;
  from?: string[];
  minutes?: number;
}

/** What `--quick` is to keep to, with some time for what comes last. */
const quickMinutes = 9.5;

/** `1,64,256` as numbers. @throws InvalidArgumentError */
export function parseMemories(text: string): number[] {
  return text.split(',').map(countBetween(1, 16_384));
}

/** `0,1,10` in 10^6 bytes a second. @throws InvalidArgumentError */
export function parseRates(text: string): number[] {
  return text.split(',').map(countBetween(0, 100));
}

/** `free,1000,100` as limits in Mbit/s; null for `free`. @throws InvalidArgumentError */
export function parseLinks(text: string): Link[] {
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

const resultsDirectory = join(import.meta.dirname, '..', 'results');

/** What recordings come to. */
export function documentOf(recorded: Recorded): BenchmarkDocument {
  const cells = cellsOf(recorded.runs);
  return {
    cells,
    claims: claimsOf(cells),
    lostCells: lostCells(cells),
    notes: recorded.notes,
    machine: recorded.machine ?? thisMachine(),
    versions: recorded.versions,
    command: recorded.commands.join('\n'),
    startedAt: recorded.startedAt,
    durationMs: recorded.durationMs,
  };
}

/** Measures what was asked for into a new recording. @returns its path; also after an interruption */
async function record(words: readonly string[], options: Options, terminal: Terminal, signal: AbortSignal) {
  const stages = stagesFor(options);
  const { lab, quick: brief = false, minutes = brief ? quickMinutes : undefined } = options;
  const line = makeLiveLine(terminal);
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const recorder = openRecording(join(resultsDirectory, `migration-${stamp}.jsonl`));
  recorder.add({ kind: 'start', command: ['npm run bench --', ...words].join(' '), machine: thisMachine() });
  terminal.remark(`every run: ${recorder.path}`);
  terminal.remark(`${stages.length} conditions, about ${durationText(expectedMs(stages, brief))}`);
  const listener = {
    onProgress: line.show,
    onRun: (run: Recorded['runs'][number]) => recorder.add({ kind: 'run', run }),
    onVersions: (versions: Record<string, string>) => recorder.add({ kind: 'versions', versions }),
    onNote: (note: string) => {
      recorder.add({ kind: 'note', note });
      line.show(note);
    },
  };
  try {
    const limit = minutes === undefined ? {} : { limitMs: minutes * 60_000 };
    await benchmarkMigration({ lab, stages, brief, ...limit }, listener, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.remark('interrupted; what was measured until then:');
  } finally {
    line.clear();
  }
  return recorder.path;
}

function printDocument(document: BenchmarkDocument, terminal: Terminal): void {
  const comparisons = compare(document.cells, chooser);
  for (const text of tableLines(columns, comparisons, terminal.style)) terminal.print(text);
  for (const text of failureLines(comparisons)) terminal.print(terminal.style.bad(`failed: ${text}`));
  for (const { claim, verdict, held, compared, figures } of document.claims) {
    const paint = verdict === 'does not hold' ? terminal.style.bad : (text: string) => text;
    terminal.print(paint(`${verdict}${compared === 0 ? '' : ` (${held}/${compared})`}: ${claim}`));
    for (const text of figures) terminal.print(`  ${text}`);
  }
  for (const lost of document.lostCells) {
    const figures = `${msText(lost.autoGapMs)}, ${lost.best} ${msText(lost.bestGapMs)}`;
    terminal.print(`lost: ${conditionsText(lost)}: ${chooser} ${figures}: ${lost.why}`);
  }
  for (const note of document.notes) terminal.print(note);
}

async function perform(words: readonly string[], options: Options, terminal: Terminal, signal: AbortSignal) {
  const paths = options.from ?? [await record(words, options, terminal, signal)];
  const document = documentOf(await readRecordings(paths));
  if (options.markdown !== undefined) {
    const picture = options.markdown.replace(/(\.md)?$/, '.svg');
    await writeFile(picture, plot(document.cells));
    await writeFile(options.markdown, markdownPage(document, chooser, basename(picture)));
  }
  if (options.json) terminal.json(document, 'line');
  else printDocument(document, terminal);
  if (signal.aborted) process.exitCode = exitCodeTable.interrupted.code;
  else if (document.cells.some(({ runs, refused }) => runs === 0 && !refused))
    process.exitCode = exitCodeTable.failed.code;
}

/** `bench migration`. @param words - the command line, for the report */
export function migrationCommand(words: readonly string[], terminal: Terminal): Command {
  return new Command('migration')
    .description('migration of a running container, beside the runC recipe and Podman; needs root')
    .option('--quick', 'one run at 1 and 64 MiB, 100 and 20 Mbit/s, 0 and 1 MB/s dirty; under ten minutes')
    .option('--full', 'every combination; slow ones with one run each; takes about 14 hours')
    .option('--json', 'last line of standard output: the result as one object')
    .option('--runs <number>', 'of each contestant under each condition (default: 5)', countBetween(1, 1000))
    .option('--memory <MiB,...>', 'memory that the workload holds', parseMemories)
    .option('--dirty <MB/s,...>', 'how much of it the workload rewrites each second', parseRates)
    .option('--links <Mbit/s,...>', "limits of the nodes' uplinks, or `free`", parseLinks)
    .option(
      '--rtt <ms>',
      'added to the round trip between the nodes, where the kernel has netem',
      countBetween(0, 2000),
    )
    .option('--contestants <name,...>', `of ${contestantNames.join(', ')} (default: all)`, parseContestants)
    .option(
      '--minutes <number>',
      'begin no run that would end later (default with --quick: 9.5)',
      countBetween(1, 10_000),
    )
    .option('--lab <name>', 'name of the lab that is started for it', parseName, 'bench')
    .option('--markdown <file>', 'write a page with the tables, as docs/benchmark.md, and beside it the plot as .svg')
    .option('--from <file,...>', 'measure nothing: report what these recordings hold', (text) => text.split(','))
    .addHelpText('after', '\nExample:\n  $ npm run bench -- migration --quick')
    .action(async (options: Options) => {
      const interruption = new AbortController();
      const interrupt = () => interruption.abort(new Error('interrupted'));
      process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
      try {
        await perform(words, options, terminal, interruption.signal);
      } finally {
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      }
    });
}
