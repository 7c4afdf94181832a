import { Command } from 'commander';

/**
 * A sub-command with what each one has: a summary, `--json`, and an example in its help.
 *
 * @param nameAndArguments - as commander reads them, e.g. `stop <container>`
 * @param example - one command line that works
 */
export function makeCommand(nameAndArguments: string, summary: string, example: string): Command {
  return new Command(nameAndArguments.split(' ')[0])
    .arguments(nameAndArguments.split(' ').slice(1).join(' '))
    .description(summary)
    .option('--json', 'print JSON instead of text')
    .addHelpText('after', `\nExample:\n  $ ${example.split('\n').join('\n  $ ')}`);
}
