import type { Log, SiteConnection } from '../../broker/connection.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Outgoing } from './outgoing.ts';
import { advance, initialState, newsOf, resume, type Step, type Stored } from './siteController.ts';
import { type StoreReading, startStoreReading } from './storeReading.ts';
import { type Heard, subscribeToSite } from './subscriptions.ts';

export interface ControllerOptions {
  connection: SiteConnection;
  log: Log;
  clock?: Clock;
}

export interface RunningController {
  stop(): Promise<void>;
}

/**
 * Runs the policies of a site: keeps the picture, publishes the fused records, verdicts and states, asks for migrations.
 *
 * Resolves when it listens; it acts only once all retained documents have been read, and anew after each reconnection.
 *
 * @throws TagalongError `not-authorized` where the broker lets it not subscribe
 */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { connection, log, clock = systemClock() } = options;
  let state = initialState();
  let reading: StoreReading | undefined;
  let cancelWake = () => {};
  let stopped = false;

  const failed = (error: unknown) => log.warn({ err: error }, 'a message could not be published');
  const perform = (step: Step) => {
    state = step.state;
    for (const message of step.messages) send(connection, message).catch(failed);
    logMoves(log, step.messages);
    cancelWake();
    cancelWake =
      step.wakeAtMs === undefined ? () => {} : clock.at(step.wakeAtMs, () => perform(advance(state, [], clock.now())));
  };
  const hear = (inputs: Stored[], retained: boolean) => {
    const atMs = clock.now();
    const news = inputs.map((input) => newsOf(input, atMs, retained)).filter((input) => input !== undefined);
    if (news.length > 0) perform(advance(state, news, atMs));
  };
  const read = () => {
    cancelWake();
    reading?.stop();
    reading = startStoreReading(
      connection,
      clock,
      (stored, events) => {
        reading = undefined;
        perform(resume(state, stored, clock.now()));
        hear(events, false);
        log.info(
          { clients: state.picture.clients.size, containers: state.picture.containers.size },
          'the picture stands',
        );
      },
      failed,
    );
  };
  const onHeard = (heard: Heard) => {
    if (stopped) return;
    if (reading) reading.hear(heard);
    else hear([heard.input], heard.retained);
  };

  read();
  connection.onLost(() => {
    if (!stopped) read(); // what comes from here on is the store of a new connection
  });
  connection.onReconnected(() => {
    if (!stopped) reading?.mark();
  });
  const endMarks = await connection.subscribe('policyState', {}, ({ parameters: { policy } }) =>
    reading?.marked(policy),
  );
  const endSite = await subscribeToSite(connection, onHeard);
  reading?.mark();

  return {
    async stop() {
      stopped = true;
      cancelWake();
      reading?.stop();
      await Promise.all([endMarks(), endSite()]);
    },
  };
}

function send(connection: SiteConnection, outgoing: Outgoing): Promise<void> {
  switch (outgoing.name) {
    case 'client':
      return connection.publish('client', outgoing.parameters, outgoing.message);
    case 'container':
      return connection.publish('container', outgoing.parameters, outgoing.message);
    case 'policyState':
      return connection.publish('policyState', outgoing.parameters, outgoing.message);
    case 'decision':
      return connection.publish('decision', outgoing.parameters, outgoing.message);
    case 'requestMigrate':
      return connection.publish('requestMigrate', outgoing.parameters, outgoing.message);
  }
}

function logMoves(log: Log, messages: readonly Outgoing[]): void {
  for (const { name, message } of messages)
    if (name === 'decision' && message && message.verdict !== 'hold')
      log.info({ container: message.container, reasons: message.reasons, to: message.to }, message.explanation);
}
