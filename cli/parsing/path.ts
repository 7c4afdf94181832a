import { InvalidArgumentError } from 'commander';

/**
 * Reads the path of a file on a node, which has to be absolute: a node's agent has no working directory of yours.
 *
 * @throws InvalidArgumentError
 */
export function parseNodePath(text: string): string {
  if (text.startsWith('/')) return text;
  throw new InvalidArgumentError(`"${text}" must be an absolute path on the node.`);
}
