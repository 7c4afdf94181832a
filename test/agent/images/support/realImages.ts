import { link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../../host/command.ts';
import { labDown } from '../../../../provisioning/lab/down.ts';
import { labRun } from '../../../../provisioning/lab/exec.ts';
import { labUp } from '../../../../provisioning/lab/up.ts';

const support = '/opt/tagalong/test/agent/images/support';

/** Images that a real CRIU made of the menagerie. */
export interface RealImages {
  /** A directory of this machine. */
  directory: string;
  /** A directory with the same images, some of them replaced; null leaves one out. */
  variant(changes: Record<string, Buffer | null>): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Runs the menagerie in a lab of its own, dumps it, and takes the lab down.
 *
 * @param lab - its name
 * @param parts - of menagerie.py
 */
export async function makeRealImages(lab: string, parts: readonly string[]): Promise<RealImages> {
  const base = await mkdtemp(join(tmpdir(), 'tagalong-images-'));
  const directory = join(base, 'images');
  try {
    await labUp({ name: lab, accessPoints: 0, nodes: 1, stations: 0, controller: false, agents: false });
    const inNode = (command: string[]) => labRun({ name: lab, member: 'node1', command, timeoutMs: 90_000 });
    await inNode(['sh', `${support}/checkpoint.sh`, support, '/run/menagerie', parts.join(',')]);
    // what it prints is text
    const { stdout } = await inNode(['sh', '-c', 'tar -C /run/menagerie -cz images | base64 -w 0']);
    await writeFile(join(base, 'images.tar.gz'), Buffer.from(stdout, 'base64'));
    await run('tar', ['-C', base, '-xzf', join(base, 'images.tar.gz')]);
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    throw error;
  } finally {
    await labDown({ name: lab });
  }
  let variants = 0;
  return {
    directory,
    async variant(changes) {
      variants += 1;
      const other = join(base, `variant-${variants}`);
      await mkdir(other);
      for (const file of await readdir(directory))
        if (!Object.hasOwn(changes, file)) await link(join(directory, file), join(other, file));
      for (const [file, bytes] of Object.entries(changes))
        if (bytes !== null) await writeFile(join(other, file), bytes);
      return other;
    },
    remove: () => rm(base, { recursive: true, force: true }),
  };
}
