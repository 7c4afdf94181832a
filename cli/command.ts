import { Command } from 'commander';

/**
 * A sub-command with what each one has: a summary, `--json`, and an example in its help.
 *
 * @param nameAndArguments - as commander reads them, e.g. `stop <container>`
 * @param example - one command line that works
 */
export function makeCommand(nameAndArguments: string, summary: string, example: string): Command {
  const [name, ...parameters] = nameAndArguments.split(' ');
  const command = new Command(name)
    .description(summary)
    .option('--json', 'print JSON instead of text')
    .addHelpText('after', `\nExample:\n  $ ${example.split('\n').join('\n  $ ')}`);
  for (const parameter of parameters) command.argument(parameter);
  return command;
}
