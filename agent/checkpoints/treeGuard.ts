import type { ContainerSpec } from '../containers/record.ts';
import type { TarEntry } from './tarEntries.ts';

/**
 * Judges what would be unpacked into a container's state directory, before anything is: nothing may be written or removed
 * outside of it, nor may what lies there later lead the agent elsewhere. Programs in the container cannot make such a tree;
 * who has changed an archive can.
 */
export interface TreeGuard {
  /** @throws what `refuse` makes */
  admit(entry: TarEntry): void;
  /** Paths that are removed before the next tree comes. @throws what `refuse` makes */
  remove(paths: readonly string[]): void;
}

/** With these overlayfs would look for content elsewhere. */
const leadingElsewhere = /^trusted\.overlay\.(redirect|metacopy)$/;

/**
 * @param spec - names the volumes that there may be
 * @param refuse - makes the error from what is wrong with the archive
 */
export function makeTreeGuard(spec: Pick<ContainerSpec, 'volumes'>, refuse: (problem: string) => Error): TreeGuard {
  const volumes = spec.volumes.flatMap(({ name }) => (name === undefined ? [] : [`volumes/${name}`]));
  /** What the agent itself looks into: always directories. */
  const tops = new Set(['', 'upper', 'volumes', 'log', ...volumes]);
  const containers = ['upper', ...volumes];
  const links = new Set<string>();

  /** Without the leading `./` and a trailing slash. */
  function plain(path: string): string {
    const parts = path.replace(/^\.\//, '').replace(/\/$/, '').split('/');
    const isTop = parts.length === 1 && (parts[0] === '.' || parts[0] === '');
    if (!isTop && parts.some((part) => part === '' || part === '.' || part === '..'))
      throw refuse(`the path ${JSON.stringify(path)} in it leaves its directory`);
    const name = isTop ? '' : parts.join('/');
    for (let end = name.indexOf('/'); end >= 0; end = name.indexOf('/', end + 1))
      if (links.has(name.slice(0, end))) throw refuse(`the path ${JSON.stringify(path)} in it leads through a link`);
    return name;
  }

  function admit(entry: TarEntry): void {
    const path = plain(entry.path);
    const say = (problem: string) => refuse(`${JSON.stringify(entry.path)} in it ${problem}`);
    const isWithin = containers.some((top) => path.startsWith(`${top}/`));
    const isLog = /^log\/[^/]+$/.test(path) && entry.type === 'file';
    if (tops.has(path) ? entry.type !== 'directory' : !isWithin && !isLog) throw say('is nothing that a container has');
    if (entry.type === 'device' && !entry.isWhiteout) throw say('is a device');
    if (entry.attributes.some((name) => leadingElsewhere.test(name))) throw say('leads to content elsewhere');
    if (entry.type !== 'hard-link') links.delete(path);
    if (entry.type === 'link') links.add(path);
    if (entry.type !== 'hard-link') return;
    const target = plain(entry.target);
    if (!containers.some((top) => target.startsWith(`${top}/`))) throw say('is a link to elsewhere');
    if (links.has(target)) links.add(path);
  }

  return {
    admit,
    remove(paths) {
      for (const path of paths) {
        const name = plain(path);
        if (tops.has(name)) throw refuse(`it would remove ${JSON.stringify(path)}`);
        for (const link of [...links]) if (link === name || link.startsWith(`${name}/`)) links.delete(link);
      }
    },
  };
}
