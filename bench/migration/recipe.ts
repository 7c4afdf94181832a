import { makeStopwatch } from '../measure/stopwatch.ts';
import { carriedBy } from '../measure/uplink.ts';
import { makeBundle } from './bundle.ts';
import type { Contestant, Leg } from './contestant.ts';
import { handMadeNetwork } from './network.ts';
import { makePageServer } from './recipePages.ts';
import { destinationNode, type Site, sourceNode } from './site.ts';

const name = 'recipe';

/** The four techniques of the recipe, and which of its two switches each sets. */
export const recipeTechniques = {
  cold: { ahead: false, behind: false },
  'pre-copy': { ahead: true, behind: false },
  'post-copy': { ahead: false, behind: true },
  hybrid: { ahead: true, behind: true },
} as const;
export type RecipeTechnique = keyof typeof recipeTechniques;

/**
 * The well-known recipe, without help of a program: `runc checkpoint`, `rsync` over ssh, `runc restore`, with the bundle at the
 * same path on both nodes. As it knows nothing of networks, the container gets one made by hand on both nodes, and CRIU is told to
 * keep TCP connections; the recipe itself loses them. Its message to the destination to restore costs nothing here, as a shell
 * waits there.
 *
 * @param host - the destination for rsync
 * @throws TagalongError `command-failed` where the kernel or CRIU cannot do what the technique needs
 */
export async function makeRecipe(technique: RecipeTechnique, site: Site, host: string): Promise<Contestant> {
  const { source, destination } = site;
  const { ahead, behind } = recipeTechniques[technique];
  if (ahead) await source.run('criu check --feature mem_dirty_track');
  const bundle = makeBundle(name);
  const network = handMadeNetwork(site, name, 1);
  const pages = makePageServer(site, bundle, name);
  for (const shell of [source, destination]) await bundle.make(shell);
  const send = (directory: string) =>
    `cd ${bundle.directory} && rsync -haz --stats ${directory} ${host}:${bundle.directory}/`;

  const move: Leg['move'] = async (limitMs) => {
    const { time, phases } = makeStopwatch(() => carriedBy(site.pids[sourceNode]).sentBytes);
    const parent = ahead ? ' --parent-path ../parent' : '';
    const images = `--tcp-established --image-path image${parent}`;
    const restore = (more: string) =>
      bundle.runc(
        `restore --detach --tcp-established --image-path ${bundle.directory}/image --work-path ${bundle.directory}/image --bundle ${bundle.path} ${more}${name}`,
        'image/restore.log',
      );
    if (ahead) {
      const dump = bundle.runc(
        `checkpoint --pre-dump --tcp-established --image-path parent ${name}`,
        'parent/dump.log',
      );
      await time('pre-dump', () => source.run(dump, limitMs));
      await time('pre-transfer', () => source.run(send('parent'), limitMs));
    }
    await time('checkpoint', async () => {
      if (behind) await pages.serve(images, limitMs);
      else await source.run(bundle.runc(`checkpoint ${images} ${name}`, 'image/dump.log'), limitMs);
    });
    await time('switch', () => network.cut());
    await time('transfer', () => source.run(send('image'), limitMs));
    if (behind) await time('restore', () => pages.ask(limitMs));
    await time('restore', () => destination.run(restore(behind ? '--lazy-pages ' : ''), limitMs));
    await time('switch', () => network.open());
    if (behind) await time('lazy', () => pages.end(limitMs));
    return phases();
  };

  return {
    legs: [{ name: `recipe-${technique}`, technique, from: sourceNode, to: destinationNode, move }],
    async setUp(workload) {
      await network.create();
      for (const shell of [source, destination]) await bundle.configure(shell, workload);
      await source.run(bundle.runc(`run --detach --bundle ${bundle.path} ${name}`));
      return network.address;
    },
    async tearDown() {
      if (behind) await pages.clear();
      for (const shell of [source, destination]) await bundle.clear(shell);
      await network.remove();
    },
  };
}
