import { InvalidArgumentError } from 'commander';

/**
 * Reads `NAME=VALUE` into what was given before; a later one of the same name wins.
 *
 * @throws InvalidArgumentError where the name is not one of a shell variable
 */
export function collectEnvironment(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError(`"${text}" is not NAME=VALUE with a name of letters, digits and underscores.`);
  }
  return { ...previous, [name]: value };
}
