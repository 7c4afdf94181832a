import { InvalidArgumentError } from 'commander';
import { idSchema } from '../../broker/contract/ids.ts';

export interface Volume {
  name?: string;
  bind?: string;
  target: string;
  readOnly?: boolean;
}

/**
 * Reads `name:/path[:ro]` (a managed volume, which travels) or `/host/dir:/path[:ro]` (a directory of the node, which
 * does not).
 *
 * @throws InvalidArgumentError naming the part that is wrong
 */
export function parseVolume(text: string): Volume {
  const [source = '', target = '', mode, ...rest] = text.split(':');
  if (rest.length > 0 || (mode !== undefined && mode !== 'ro' && mode !== 'rw')) {
    throw new InvalidArgumentError(`"${text}": after the second colon only ro or rw may stand.`);
  }
  if (!target.startsWith('/')) {
    throw new InvalidArgumentError(`"${text}": the path in the container, after the colon, must begin with a slash.`);
  }
  const readOnly = mode === 'ro' ? { readOnly: true } : {};
  if (source.startsWith('/')) return { bind: source, target, ...readOnly };
  const name = idSchema.safeParse(source);
  if (!name.success) {
    throw new InvalidArgumentError(`"${text}": the volume's name ${name.error.issues[0]?.message ?? 'is not valid'}.`);
  }
  return { name: name.data, target, ...readOnly };
}

/** As {@link parseVolume}, for an option that may be given several times. */
export function collectVolumes(text: string, previous: Volume[] = []): Volume[] {
  return [...previous, parseVolume(text)];
}
