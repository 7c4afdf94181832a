import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkImageSet } from '../images/checkSet.ts';
import { writePagemap } from '../images/pagemap.ts';
import { seedImages } from '../images/seed.ts';
import { makeEncodingChoice } from '../memory/encodingChoice.ts';
import { makePageSet } from '../memory/pageSet.ts';
import { openPageStore } from '../memory/pageStore.ts';
import { openProcessMemory } from '../memory/processMemory.ts';
import { assembleImages } from './assemble.ts';
import { eagerPages } from './eagerPages.ts';
import { makeFrozenMemory } from './frozenMemory.ts';

const rounds = 3;
const samplePages = 2048;
/** The ways in which memory goes out while a container stands still. */
const ways = [
  { share: 'all', restoresMeanwhile: false },
  { share: 'all', restoresMeanwhile: true },
  { share: 'hot', restoresMeanwhile: false },
] as const;

/**
 * Does once, on this very process and on images of nothing, what is done while a container stands still: code that runs for
 * the first time is many times slower, and so the first move would be.
 *
 * @param directory - on a tmpfs; removed afterwards
 */
export async function rehearse(directory: string, pageBytes: number): Promise<void> {
  const imageDirectory = join(directory, 'images');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(imageDirectory, { recursive: true, mode: 0o700 });
  const store = openPageStore(join(directory, 'store'), pageBytes);
  const own = openProcessMemory(process.pid, pageBytes);
  try {
    if (own === undefined) return;
    const pid = 1;
    const runs = own.ownPages().slice(0, 64);
    const [first] = runs;
    if (first === undefined) return;
    const entries = [{ address: first.page * pageBytes, pages: 1, present: false, lazy: true, inParent: false }];
    seedImages(imageDirectory, [{ pid, ppid: 0, pgid: 1, sid: 1 }]);
    writeFileSync(join(imageDirectory, `pagemap-${pid}.img`), writePagemap({ pagesId: 1, entries }));
    const sample = {
      ...own,
      pid,
      ownPages: () => runs.map((run) => ({ ...run, count: Math.min(run.count, samplePages) })),
    };
    for (let round = 0; round < rounds; round += 1) {
      for (const way of ways) {
        const memory = makeFrozenMemory({
          processes: [sample],
          store,
          hot: makePageSet(),
          ...way,
          hasSpareProcessor: true,
          budgetBytes: 1 << 20,
          choice: makeEncodingChoice(() => undefined),
          write: async () => undefined,
        });
        await memory.sendEarly(() => false);
        const { remaining } = await memory.sendLate(imageDirectory);
        if (way.restoresMeanwhile) await memory.sendRest(remaining);
        await memory.settle(store, []);
      }
      assembleImages(imageDirectory, store, (canWait) => eagerPages(canWait, store.has, [], 1)).writePages();
      try {
        checkImageSet(imageDirectory, { pageBytes });
      } catch {
        // a set without processes is none
      }
    }
  } finally {
    own?.close();
    store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
