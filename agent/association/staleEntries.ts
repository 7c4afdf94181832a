import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import type { Logger } from '../../host/log.ts';
import type { Station } from './presence.ts';

/** A station that went to another access point without a word leaves an entry at hostapd until its inactivity limit. */
export interface StaleEntries {
  stop(): Promise<void>;
}

/** The new association may be undone at once, and its announcement may cross with a return. */
const settleMs = 500;
/** The clocks of two access points differ by less than this where they are kept at all. */
const activityMarginMs = 1000;

/**
 * Whether the entry of a station at this access point is an old one.
 *
 * @param fused - the controller's record of the client: newest association wins
 * @param station - the association here
 * @param nowMs - when `station.reading` was read
 */
export function isStale(
  node: string,
  fused: MessageOf<'client'> | undefined,
  station: Station | undefined,
  nowMs: number,
): boolean {
  if (!fused || !station || fused.node === null || fused.node === node) return false;
  const elsewhereMs = Date.parse(fused.since);
  if (elsewhereMs <= station.sinceMs) return false;
  const { inactiveMs } = station.reading;
  // heard on the air here after it went elsewhere: it is back, and the record is late
  return inactiveMs === undefined || nowMs - inactiveMs <= elsewhereMs + activityMarginMs;
}

/**
 * Watches the fused records of all clients, and has entries removed that are proven to be old.
 *
 * An entry is removed at most once for each record, so that a wrong clock somewhere cannot make a loop that throws a
 * station out again and again.
 *
 * @param station - the present association of a client here, freshly read
 * @param remove - removes the entry at hostapd
 */
export async function watchStaleEntries(
  node: string,
  connection: SiteConnection,
  parts: {
    has(mac: string): boolean;
    station(mac: string): Promise<Station | undefined>;
    remove(mac: string): Promise<void>;
  },
  log: Logger,
): Promise<StaleEntries> {
  const records = new Map<string, MessageOf<'client'>>();
  const handled = new Map<string, string>();
  const timers = new Map<string, NodeJS.Timeout>();

  const check = async (mac: string) => {
    timers.delete(mac);
    const record = records.get(mac);
    const station = await parts.station(mac);
    if (!record || records.get(mac)?.since !== record.since || !isStale(node, record, station, Date.now())) return;
    handled.set(mac, record.since);
    log.info({ mac, at: record.node }, 'removing the entry of a station that is elsewhere');
    await parts.remove(mac);
  };
  const unsubscribe = await connection
    .subscribe('client', {}, ({ parameters: { mac }, message }) => {
      const isSame = message !== undefined && records.get(mac)?.since === message.since;
      if (isSame && timers.has(mac)) return;
      clearTimeout(timers.get(mac));
      timers.delete(mac);
      records.delete(mac);
      if (!message || message.node === null || message.node === node || !parts.has(mac)) return;
      if (handled.get(mac) === message.since) return;
      records.set(mac, message);
      const timer = setTimeout(() => {
        check(mac).catch((error: unknown) => log.warn({ err: error, mac }, 'could not remove an old entry'));
      }, settleMs);
      timer.unref();
      timers.set(mac, timer);
    })
    .catch((error: unknown) => {
      log.warn({ err: error }, 'old entries stay until the inactivity limit of hostapd');
      return undefined;
    });
  return {
    async stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      await unsubscribe?.();
    },
  };
}
