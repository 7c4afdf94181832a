import { macSchema } from '../../broker/contract/ids.ts';

/** One station as `hostapd_cli all_sta` or `iw … station dump` lists it. */
export interface ListedStation {
  mac: string;
  /** How long it has been associated; a radio-less driver does not know. */
  connectedSeconds?: number;
  /** How long nothing was heard of it. */
  inactiveMs?: number;
  signalDbm?: number;
  rxBytes?: number;
  txBytes?: number;
}

const fields = {
  connected_time: 'connectedSeconds',
  inactive_msec: 'inactiveMs',
  signal: 'signalDbm',
  rx_bytes: 'rxBytes',
  tx_bytes: 'txBytes',
} as const;

function isField(key: string): key is keyof typeof fields {
  return Object.hasOwn(fields, key);
}

/** Counters are never negative, a signal always is, and 0 dBm is what a driver gives that does not know. */
function isPlausible(field: (typeof fields)[keyof typeof fields], value: number): boolean {
  if (!Number.isSafeInteger(value)) return false;
  return field === 'signalDbm' ? value < 0 && value >= -200 : value >= 0;
}

/**
 * Reads the output of `hostapd_cli all_sta`: for each station its MAC address on a line of its own, then `key=value` lines.
 *
 * Stations that are not yet authorized (in the middle of their handshake) are left out, as hostapd announces them later.
 *
 * @returns undefined where hostapd could not list its stations (a build without the command, an error)
 */
export function parseStationList(output: string): ListedStation[] | undefined {
  const stations = new Map<string, ListedStation>();
  let present: ListedStation | undefined;
  for (const line of output.split('\n').map((text) => text.trim())) {
    if (line === 'FAIL' || line === 'UNKNOWN COMMAND') return undefined;
    const mac = /^[0-9a-f:]{17}$/i.test(line) ? macSchema.safeParse(line) : undefined;
    if (mac?.success) {
      present = { mac: mac.data };
      stations.set(mac.data, present);
      continue;
    }
    const [key, value] = split(line);
    if (!present || value === undefined) continue;
    if (key === 'flags' && !value.includes('[AUTHORIZED]')) stations.delete(present.mac);
    if (!isField(key) || !/^-?\d{1,15}$/.test(value)) continue;
    const number = Number(value);
    if (isPlausible(fields[key], number)) present[fields[key]] = number;
  }
  return [...stations.values()];
}

function split(line: string): [string, string | undefined] {
  const at = line.indexOf('=');
  return at < 0 ? [line, undefined] : [line.slice(0, at), line.slice(at + 1)];
}
