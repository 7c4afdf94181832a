import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../host/files.ts';

export interface Drain {
  isOn(): boolean;
  set(on: boolean): Promise<void>;
}

/**
 * Whether this node takes containers, kept over restarts.
 * @param onChange - called when it has been written down
 */
export async function openDrain(directory: string, onChange: () => Promise<void>): Promise<Drain> {
  const file = join(directory, 'draining');
  let on = await stat(file).then(
    () => true,
    () => false,
  );
  return {
    isOn: () => on,
    async set(wanted) {
      if (wanted) await writeDurably(file, 'yes\n');
      else await rm(file, { force: true });
      on = wanted;
      await onChange();
    },
  };
}
