import { macSchema } from '../../broker/contract/ids.ts';

/** What one line of `hostapd_cli -r` says. */
export type ControlEvent =
  | { kind: 'connected' | 'disconnected'; mac: string }
  /** hostapd_cli has attached itself: events come from now on, and the station list has to be read. */
  | { kind: 'attached' }
  /** The interface went on the air again, maybe with another SSID or channel. */
  | { kind: 'enabled' }
  /** hostapd ends, is gone, or is not there yet. */
  | { kind: 'lost' };

const stationEvents = { 'AP-STA-CONNECTED': 'connected', 'AP-STA-DISCONNECTED': 'disconnected' } as const;

function isStationEvent(word: string): word is keyof typeof stationEvents {
  return Object.hasOwn(stationEvents, word);
}

/**
 * Reads one line that `hostapd_cli -r` printed.
 *
 * Events look like `<3>AP-STA-CONNECTED 02:00:00:00:00:01 auth_alg=open`: a priority, a word, a MAC address, and in newer
 * versions further fields. The first one follows the prompt `> ` on the same line. What hostapd_cli says of its own
 * connection has no priority. A frame from the air cannot forge such a line, since only these exact words count at its start.
 *
 * @returns undefined for all lines that matter to nobody, malformed ones included
 */
export function parseControlLine(line: string): ControlEvent | undefined {
  const text = line.replace(/^(> )+/, '').trimEnd();
  const event = /^<\d>([A-Z][A-Z0-9-]*)(?: (\S+))?(?: .*)?$/.exec(text);
  if (event) return controlEvent(event[1] ?? '', event[2]);
  if (text === 'Interactive mode' || text === 'Connection to hostapd re-established') return { kind: 'attached' };
  if (text.startsWith('Could not connect to hostapd') || text.startsWith('Connection to hostapd lost'))
    return { kind: 'lost' };
  return undefined;
}

function controlEvent(word: string, argument: string | undefined): ControlEvent | undefined {
  if (isStationEvent(word)) {
    const mac = macSchema.safeParse(argument);
    return mac.success ? { kind: stationEvents[word], mac: mac.data } : undefined;
  }
  if (word === 'AP-ENABLED') return { kind: 'enabled' };
  if (word === 'CTRL-EVENT-TERMINATING') return { kind: 'lost' };
  return undefined;
}
