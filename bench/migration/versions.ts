import type { Site } from './site.ts';

const script = `
echo "runC $(runc --version | head -n 1)"
echo "CRIU $(criu --version | head -n 1)"
echo "rsync $(rsync --version | head -n 1)"
echo "Podman $(podman --version)"`;

/** `runC runc version 1.3.6+ds1` and the like, as names and versions. */
export function parseVersions(text: string): Record<string, string> {
  const found = [...text.matchAll(/^(\S+) .*?(\d+(?:\.\d+)+\S*)/gm)];
  return Object.fromEntries(found.map(([, name = '', version = '']) => [name, version]));
}

/** The versions of the programs that take part, as they say themselves. */
export async function versionsOf({ source }: Site): Promise<Record<string, string>> {
  return parseVersions(await source.run(script));
}
