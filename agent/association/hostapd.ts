import { setTimeout as delay } from 'node:timers/promises';
import { macWithColons } from '../../broker/contract/ids.ts';
import type { Logger } from '../../host/log.ts';
import type { Programs } from '../../host/programs.ts';
import { type ControlEvent, parseControlLine } from './events.ts';
import { parseRadioStatus, type Radio } from './radioStatus.ts';
import { completedBy, parseStationDump } from './stationDump.ts';
import { type ListedStation, parseStationList } from './stationList.ts';

/** hostapd's control interface of one network interface, through hostapd_cli. */
export interface Hostapd {
  readonly interface: string;
  /** @returns undefined where hostapd does not answer */
  radio(): Promise<Radio | undefined>;
  /** @returns undefined where hostapd does not answer or cannot list */
  list(): Promise<ListedStation[] | undefined>;
  /** Removes a station's entry without a word on the air: it is elsewhere, and must not hear that it is thrown out. */
  remove(mac: string): Promise<void>;
  /** Tells each event, for ever: a hostapd_cli that ends is started again. */
  listen(onEvent: (event: ControlEvent) => void): { stop(): Promise<void> };
}

const commandTimeoutMs = 5000;
/** How often hostapd_cli asks whether hostapd is still there: a killed one cannot say goodbye. */
const pingSeconds = 1;
const firstRestartMs = 200;
const longestRestartMs = 5000;

/** @param controlDirectory - `ctrl_interface` of hostapd's configuration */
export function openHostapd(programs: Programs, controlDirectory: string, interfaceName: string, log: Logger): Hostapd {
  const parameters = ['-p', controlDirectory, '-i', interfaceName];
  let iwUseful = true;

  const ask = async (...command: string[]): Promise<string | undefined> => {
    try {
      const options = { timeoutMs: commandTimeoutMs };
      return (await programs.run('hostapd_cli', [...parameters, ...command], options)).stdout;
    } catch (error) {
      log.debug({ err: error, interface: interfaceName }, 'hostapd does not answer');
      return undefined;
    }
  };
  /** iw knows the signal where hostapd does not; where it is missing or knows nothing, it is not asked again. */
  const dump = async (): Promise<ListedStation[]> => {
    try {
      const parameters = ['dev', interfaceName, 'station', 'dump'];
      return parseStationDump((await programs.run('iw', parameters, { timeoutMs: commandTimeoutMs })).stdout);
    } catch {
      iwUseful = false;
      return [];
    }
  };

  return {
    interface: interfaceName,
    async radio() {
      const output = await ask('status');
      return output?.includes('=') ? parseRadioStatus(output, interfaceName) : undefined;
    },
    async list() {
      const output = await ask('all_sta');
      const stations = output === undefined ? undefined : parseStationList(output);
      if (!stations || !iwUseful || stations.every((station) => station.signalDbm !== undefined)) return stations;
      return completedBy(stations, await dump());
    },
    async remove(mac) {
      await ask('deauthenticate', macWithColons(mac), 'tx=0');
    },
    listen(onEvent) {
      const stopping = new AbortController();
      const listening = keepListening(stopping.signal);
      return {
        async stop() {
          stopping.abort();
          await listening;
        },
      };

      async function keepListening(signal: AbortSignal): Promise<void> {
        let restartMs = firstRestartMs;
        while (!signal.aborted) {
          const startedMs = performance.now();
          const { exitCode, stderr } = await listenOnce(signal);
          if (signal.aborted) return;
          if (performance.now() - startedMs > longestRestartMs) restartMs = firstRestartMs;
          log.warn({ interface: interfaceName, exitCode, stderr: stderr.slice(-300) }, 'hostapd_cli ended');
          await delay(restartMs, undefined, { signal }).catch(() => undefined);
          restartMs = Math.min(restartMs * 2, longestRestartMs);
        }
      }

      async function listenOnce(signal: AbortSignal) {
        // without stdbuf the lines wait in a buffer of 4 kB; with a closed standard input hostapd_cli ends
        const command = ['-oL', 'hostapd_cli', '-r', '-G', String(pingSeconds), ...parameters];
        const client = programs.start('stdbuf', command);
        const stop = () => void client.stop();
        signal.addEventListener('abort', stop, { once: true });
        try {
          for await (const line of client.lines()) {
            const event = parseControlLine(line);
            if (event && !signal.aborted) onEvent(event);
          }
        } catch (error) {
          log.debug({ err: error, interface: interfaceName }, 'the events of hostapd_cli ended');
        } finally {
          signal.removeEventListener('abort', stop);
        }
        return client.ended;
      }
    },
  };
}
