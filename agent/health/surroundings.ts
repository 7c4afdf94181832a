import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../host/command.ts';
import type { Logger } from '../../host/log.ts';
import { readWifiRows, type Surrounding } from './wifiRows.ts';

export interface ScanOptions {
  /** Where nmcli is looked for. */
  path?: string;
  timeoutMs?: number;
}

const scanTimeoutMs = 20_000;
const script = fileURLToPath(new URL('./wifiScan.ts', import.meta.url));

async function isOnPath(program: string, path: string): Promise<boolean> {
  const looked = path.split(delimiter).map((directory) => access(join(directory, program), constants.X_OK));
  return (await Promise.allSettled(looked)).some(({ status }) => status === 'fulfilled');
}

/**
 * Looks which networks are in the air, by NetworkManager.
 *
 * @returns undefined where this machine has no nmcli, or where the scan failed or took too long
 */
export async function scanSurroundings(log: Logger, options: ScanOptions = {}): Promise<Surrounding[] | undefined> {
  const path = options.path ?? process.env['PATH'] ?? '';
  if (!(await isOnPath('nmcli', path))) return undefined;
  // timeout ends the whole group, also an nmcli that hangs; node-wifi would leave it behind
  const limit = ['--signal=KILL', String((options.timeoutMs ?? scanTimeoutMs) / 1000)];
  try {
    const { stdout } = await run('timeout', [...limit, process.execPath, script], { env: { PATH: path } });
    return readWifiRows(JSON.parse(stdout));
  } catch (error) {
    log.debug({ err: error }, 'no scan of the surroundings');
    return undefined;
  }
}

export interface Surroundings {
  /** What a scan found since the last call, if there was one. */
  takeNews(): Surrounding[] | undefined;
  stop(): void;
}

/** Scans at most once a minute: a scan takes the radio away from its stations for a while. */
export const scanEveryMs = 60_000;

/** Scans now and then. */
export function watchSurroundings(log: Logger): Surroundings {
  let news: Surrounding[] | undefined;
  let isScanning = false;
  const scan = async () => {
    if (isScanning) return;
    isScanning = true;
    news = (await scanSurroundings(log)) ?? news;
    isScanning = false;
  };
  const timer = setInterval(() => void scan(), scanEveryMs);
  timer.unref();
  void scan();
  return {
    takeNews() {
      const taken = news;
      news = undefined;
      return taken;
    },
    stop() {
      clearInterval(timer);
    },
  };
}
