import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Logger } from '../../host/log.ts';
import { type Lease, parseLeases } from './leases.ts';

/** dnsmasq's leases, always as last read. */
export interface LeaseFile {
  of(mac: string): Lease | undefined;
  /** Reads the file now: for when there is reason to believe that it changed. */
  read(): Promise<void>;
  stop(): void;
}

/** dnsmasq truncates the file and writes it anew, line by line. */
const settleMs = 30;

/**
 * Follows dnsmasq's lease file.
 *
 * Its directory is watched, since the file may not be there yet. Where that is not possible, {@link LeaseFile.read} is
 * the only way to news. A lease that disappears is kept, as a half-written file looks the same; who left is not asked for.
 *
 * @param onChange - called with the MAC addresses of new and changed leases
 */
export function openLeaseFile(path: string, onChange: (macs: string[]) => void, log: Logger): LeaseFile {
  const leases = new Map<string, Lease>();
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;

  const read = async () => {
    const text = await readFile(path, 'utf8').catch(() => '');
    const changed: string[] = [];
    for (const [mac, lease] of parseLeases(text)) {
      const before = leases.get(mac);
      if (before?.address === lease.address && before.hostName === lease.hostName) continue;
      leases.set(mac, lease);
      changed.push(mac);
    }
    if (changed.length > 0) onChange(changed);
  };
  const close = () => {
    watcher?.close();
    watcher = undefined;
  };
  const open = () => {
    try {
      watcher = watch(dirname(path), { persistent: false }, (_, name) => {
        if (name !== null && name !== basename(path)) return;
        clearTimeout(timer);
        timer = setTimeout(() => void read(), settleMs);
        timer.unref();
      });
      watcher.on('error', close);
    } catch (error) {
      log.debug({ err: error, path }, 'the lease file cannot be watched yet');
    }
  };
  open();

  return {
    of: (mac) => leases.get(mac),
    async read() {
      if (!watcher) open();
      await read();
    },
    stop() {
      clearTimeout(timer);
      close();
    },
  };
}
