import { z } from 'zod';
import { macSchema } from '../../broker/contract/ids.ts';

/** One network in the air around a node. */
export interface Surrounding {
  bssid: string;
  ssid: string;
  channel?: number;
  signalPercent?: number;
}

/**
 * A row of node-wifi that can be true. It splits nmcli's lines at each colon, also at those within an SSID, so that all
 * fields behind it move; such a row has no frequency where the frequency should be. A hidden network has an empty SSID.
 */
const rowSchema = z.object({
  bssid: macSchema,
  ssid: z.string().max(32 * 4),
  channel: z.int().min(1).max(253),
  frequency: z.int().min(2400).max(7200),
  quality: z.int().min(0).max(100).nullish(),
});

/** The rows that can be true, each network once; the others are dropped. */
export function readWifiRows(rows: unknown): Surrounding[] {
  const found = new Map<string, Surrounding>();
  for (const row of Array.isArray(rows) ? rows : []) {
    const checked = rowSchema.safeParse(row);
    if (!checked.success) continue;
    const { bssid, ssid, channel, quality } = checked.data;
    found.set(bssid, { bssid, ssid, channel, ...(typeof quality === 'number' ? { signalPercent: quality } : {}) });
  }
  return [...found.values()];
}
