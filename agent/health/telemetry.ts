import { loadavg } from 'node:os';
import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import type { Logger } from '../../host/log.ts';
import { readMemory } from './memory.ts';
import { busyFraction, readDisk, readProcessorTime, readTemperature } from './readings.ts';
import { watchSurroundings } from './surroundings.ts';

type Telemetry = MessageOf<'nodeTelemetry'>;

export interface TelemetryOptions {
  session: string;
  everyMs: number;
  connection: SiteConnection;
  node: string;
  /** The disk that is told of. */
  dataDirectory: string;
  /** How many containers are here. */
  containers: () => number;
  /** What the data plane measured of the links to other nodes. */
  links: () => Record<string, { rttMs?: number; throughputBytesPerSecond?: number }>;
  stations: () => Telemetry['stations'];
  log: Logger;
}

/**
 * Publishes how the node is: once at the start, then at intervals, each message with the next sequence number.
 *
 * The networks around the node are only in those messages before which a scan has ended.
 */
export function startTelemetry(options: TelemetryOptions): { stop(): Promise<void> } {
  const { session, node, connection, log } = options;
  const surroundings = watchSurroundings(log);
  let before = readProcessorTime();
  let sequence = 0;
  let publishing: Promise<void> = Promise.resolve();
  let isBusy = false;

  const publish = async () => {
    const earlier = await before;
    const [time, memory, disk, temperatureCelsius] = await Promise.all([
      readProcessorTime(),
      readMemory(),
      readDisk(options.dataDirectory),
      readTemperature(),
    ]);
    before = Promise.resolve(time);
    const [one = 0, five = 0, fifteen = 0] = loadavg();
    const news = surroundings.takeNews();
    const message: Telemetry = {
      session,
      sequence,
      at: new Date().toISOString(),
      cpuFraction: busyFraction(earlier, time),
      load: [one, five, fifteen],
      ...memory,
      ...disk,
      ...(temperatureCelsius === undefined ? {} : { temperatureCelsius }),
      containers: options.containers(),
      links: options.links(),
      stations: options.stations(),
      ...(news === undefined ? {} : { surroundings: news }),
    };
    sequence += 1;
    await connection.publish('nodeTelemetry', { node }, message);
  };
  const tick = () => {
    if (isBusy) return;
    isBusy = true;
    publishing = publish()
      .catch((error: unknown) => log.warn({ err: error }, 'no telemetry this time'))
      .finally(() => {
        isBusy = false;
      });
  };
  const timer = setInterval(tick, options.everyMs);
  tick();
  return {
    async stop() {
      clearInterval(timer);
      surroundings.stop();
      await publishing;
    },
  };
}
