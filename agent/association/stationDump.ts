import { macSchema } from '../../broker/contract/ids.ts';
import type { ListedStation } from './stationList.ts';

const fields: ReadonlyArray<[RegExp, keyof Omit<ListedStation, 'mac'>]> = [
  [/^\s+inactive time:\s+(\d+) ms/, 'inactiveMs'],
  [/^\s+rx bytes:\s+(\d+)/, 'rxBytes'],
  [/^\s+tx bytes:\s+(\d+)/, 'txBytes'],
  [/^\s+signal:\s+(-\d+)/, 'signalDbm'],
  [/^\s+connected time:\s+(\d+) seconds/, 'connectedSeconds'],
];

/** Reads the output of `iw dev IF station dump`, which knows the signal where hostapd's driver does not tell it. */
export function parseStationDump(output: string): ListedStation[] {
  const stations: ListedStation[] = [];
  for (const line of output.split('\n')) {
    const heading = /^Station (\S+)/.exec(line);
    if (heading) {
      const mac = macSchema.safeParse(heading[1]);
      if (mac.success) stations.push({ mac: mac.data });
      continue;
    }
    const station = stations.at(-1);
    if (!station) continue;
    for (const [pattern, field] of fields) {
      const value = pattern.exec(line)?.[1];
      if (value !== undefined && Number.isSafeInteger(Number(value))) station[field] = Number(value);
    }
  }
  return stations;
}

/** The list of hostapd, completed by what only iw knows. Who is associated, hostapd alone says. */
export function completedBy(stations: readonly ListedStation[], dump: readonly ListedStation[]): ListedStation[] {
  const dumped = new Map(dump.map((station) => [station.mac, station]));
  return stations.map((station) => ({ ...dumped.get(station.mac), ...station }));
}
