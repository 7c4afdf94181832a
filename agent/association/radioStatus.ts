import type { z } from 'zod';
import type { radioSchema } from '../../broker/contract/documents.ts';
import { macSchema } from '../../broker/contract/ids.ts';

export type Radio = z.output<typeof radioSchema>;

const escapes: Record<string, number> = { n: 10, r: 13, t: 9, e: 27, '"': 34, '\\': 92 };

/** hostapd prints an SSID, which is any bytes, with C escapes such as `\xc3` and `\"`. */
export function decodeSsid(printed: string): string {
  const bytes: number[] = [];
  for (const part of printed.matchAll(/\\x([0-9a-f]{2})|\\([nrte"\\])|([\s\S])/giu)) {
    if (part[1] !== undefined) bytes.push(Number.parseInt(part[1], 16));
    else if (part[2] !== undefined) bytes.push(escapes[part[2].toLowerCase()] ?? 63);
    else bytes.push(...Buffer.from(part[3] ?? ''));
  }
  return Buffer.from(bytes).toString('utf8');
}

/**
 * Reads the output of `hostapd_cli -i IF status`: `key=value` lines, with one `bss[n]`, `bssid[n]`, `ssid[n]` for each
 * network of the radio.
 *
 * @param interfaceName - the network whose names are wanted; a radio can serve several
 */
export function parseRadioStatus(output: string, interfaceName: string): Radio {
  const values = new Map<string, string>();
  for (const line of output.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1));
  }
  const index =
    [...values].find(([key, value]) => key.startsWith('bss[') && value === interfaceName)?.[0].slice(3) ?? '';
  const bssid = macSchema.safeParse(values.get(`bssid${index}`));
  const ssid = values.get(`ssid${index}`);
  const channel = Number(values.get('channel') ?? Number.NaN);
  return {
    interface: interfaceName,
    // without a radio hostapd has no address of its own and says zeros
    ...(bssid.success && bssid.data !== '00-00-00-00-00-00' ? { bssid: bssid.data } : {}),
    ...(ssid === undefined ? {} : { ssid: decodeSsid(ssid) }),
    ...(Number.isInteger(channel) && channel > 0 ? { channel } : {}),
  };
}
