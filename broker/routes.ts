import type { Log, Received, Rejected } from './connection.ts';
import { filterOf } from './contract/address.ts';
import { contains } from './contract/filters.ts';
import { readMessage } from './contract/read.ts';
import type { ParametersOf, TopicName } from './contract/topics.ts';

/** One listener: which topics it wants and what it does with them. */
export interface Route {
  readonly name: TopicName;
  readonly filter: string;
  hear(topic: string, payload: Buffer, retained: boolean): unknown;
}

export interface Routes {
  add<T extends TopicName>(
    name: T,
    parameters: Partial<ParametersOf<T>>,
    onMessage: (received: Received<T>) => void,
    onRejected?: (rejected: Rejected) => void,
  ): Route;
  remove(route: Route): void;
  /** Each filter once. */
  filters(): ReadonlyMap<string, TopicName>;
  dispatch(topic: string, payload: Buffer, retained: boolean): void;
}

/** The listeners of one connection: reads each message against the contract and hands it to those who asked for it. */
export function makeRoutes(site: string, log: Log): Routes {
  const routes = new Set<Route>();

  function call(topic: string, listener: () => unknown): void {
    const failed = (error: unknown) => log.error({ err: error, topic }, 'a listener failed');
    try {
      const outcome = listener();
      if (outcome instanceof Promise) outcome.catch(failed); // an async listener must not end the process either
    } catch (error) {
      failed(error);
    }
  }

  return {
    add(name, parameters, onMessage, onRejected) {
      const route: Route = {
        name,
        filter: filterOf(site, name, parameters),
        hear(topic, payload, retained) {
          const read = readMessage(site, name, topic, payload);
          if (!('error' in read)) return onMessage({ ...read, retained, topic } as Received<typeof name>);
          log.warn({ topic, code: read.error.code, ...read.error.details }, read.error.message);
          return onRejected?.({ topic, retained, bytes: payload.length, error: read.error, raw: read.raw });
        },
      };
      routes.add(route);
      return route;
    },
    remove: (route) => {
      routes.delete(route);
    },
    filters: () => new Map([...routes].map((route) => [route.filter, route.name])),
    dispatch(topic, payload, retained) {
      for (const route of [...routes])
        if (contains(route.filter, topic)) call(topic, () => route.hear(topic, payload, retained));
    },
  };
}
