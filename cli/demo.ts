import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { EndWith } from './endWith.ts';
import { exitCodeTable } from './exitCodes.ts';
import { countBetween } from './parsing/count.ts';
import { parseName } from './parsing/identifiers.ts';
import { parseSize } from './parsing/size.ts';
import type { Terminal } from './terminal/terminal.ts';

interface DemoCommandOptions {
  rounds: number;
  memory: number;
  lab: string;
  keep?: boolean;
  json?: boolean;
}

/** `tagalong demo`. */
export function demoCommand(terminal: Terminal): Command {
  return makeCommand(
    'demo',
    'the main job: a client roams, and its container follows, running',
    'tagalong demo --rounds 3',
  )
    .option('--rounds <number>', 'how often the client roams there and back', countBetween(1, 10_000), 1)
    .option('--memory <size>', 'memory that the service holds and checks', parseSize, 64 * 1024 * 1024)
    .option('--lab <name>', 'name of the lab that is started for it', parseName, 'demo')
    .option('--keep', 'leave the lab up afterwards')
    .action(async ({ json = false, keep = false, rounds, memory, lab }: DemoCommandOptions) => {
      const { runDemo } = await import('./demo/demo.ts');
      const outcome = await runDemo({ rounds, memoryBytes: memory, lab, keep, json }, terminal);
      if (outcome === 'interrupted') throw new EndWith(exitCodeTable.interrupted.code);
      if (!outcome.ok) throw new EndWith(exitCodeTable.failed.code);
    });
}
