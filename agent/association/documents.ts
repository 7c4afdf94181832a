import type { DraftOf, MessageOf } from '../../broker/contract/topics.ts';
import type { Lease } from './leases.ts';
import type { Station } from './presence.ts';
import type { Radio } from './radioStatus.ts';

/** One station in the telemetry of its access point. */
export type StationReading = MessageOf<'nodeTelemetry'>['stations'][number];

/** Who speaks: the node and the session of its agent. */
export interface Speaker {
  node: string;
  session: string;
}

/** What of a station's readings is published. */
export function readingOf(station: Station): StationReading {
  const { mac, signalDbm, rxBytes, txBytes } = station.reading;
  return {
    mac,
    ...(signalDbm === undefined ? {} : { signalDbm }),
    ...(rxBytes === undefined ? {} : { rxBytes }),
    ...(txBytes === undefined ? {} : { txBytes }),
  };
}

/** The retained document of one association. */
export function clientDocument(
  speaker: Speaker,
  station: Station,
  radio: Radio | undefined,
  lease: Lease | undefined,
): DraftOf<'nodeClient'> {
  return {
    ...readingOf(station),
    mac: station.mac,
    node: speaker.node,
    session: speaker.session,
    interface: station.interface,
    ...(radio?.bssid === undefined ? {} : { bssid: radio.bssid }),
    ...(radio?.ssid === undefined ? {} : { ssid: radio.ssid }),
    since: new Date(station.sinceMs).toISOString(),
    ...(lease === undefined ? {} : { address: lease.address }),
    ...(lease?.hostName === undefined ? {} : { hostName: lease.hostName }),
  };
}

/** Signals wander by some dB all the time; telemetry tells that, the retained document only what matters. */
const signalStepDb = 6;

/** Whether a document says so much else than the last published one that it is worth a message. */
export function isWorthPublishing(before: DraftOf<'nodeClient'> | undefined, after: DraftOf<'nodeClient'>): boolean {
  if (before === undefined) return true;
  const fields = ['interface', 'bssid', 'ssid', 'since', 'address', 'hostName', 'session'] as const;
  if (fields.some((field) => before[field] !== after[field])) return true;
  if (after.signalDbm === undefined) return false;
  return before.signalDbm === undefined || Math.abs(before.signalDbm - after.signalDbm) >= signalStepDb;
}
