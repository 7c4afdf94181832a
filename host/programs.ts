import { type CommandOptions, type CommandResult, type LongRunning, run, start } from './command.ts';

/** Where programs are run: on this machine as it is, or through a prefix such as `nsenter …` or `ip netns exec …`. */
export interface Programs {
  /** As `run` of command.ts. */
  run(file: string, parameters: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** As `start` of command.ts. */
  start(file: string, parameters: readonly string[], options?: CommandOptions): LongRunning;
}

/** The programs of this machine. */
export const localPrograms: Programs = { run, start };

/**
 * Programs that another program starts for us.
 *
 * @param prefix - the program and its arguments before the command, e.g. `['nsenter', '--target', '42', '--net', '--']`
 */
export function programsThrough(prefix: readonly [string, ...string[]]): Programs {
  const [file, ...first] = prefix;
  return {
    run: (program, parameters, options) => run(file, [...first, program, ...parameters], options),
    start: (program, parameters, options) => start(file, [...first, program, ...parameters], options),
  };
}
