import type { MessageOf } from '../../../broker/contract/topics.ts';
import type { Outgoing } from '../../../policies/controller/outgoing.ts';
import {
  advance,
  initialState,
  newsOf,
  type Parts,
  resume,
  type Step,
  type Stored,
} from '../../../policies/controller/siteController.ts';
import type { Delivered, ModelBroker } from './broker.ts';
import type { VirtualTime } from './time.ts';

export interface ControllerModel {
  /** Throws everything away. */
  crash(): void;
  /** Reads everything from the broker's store. */
  start(): void;
  /** The next step is cut off after so many messages, as by `kill -9`. */
  crashDuringNextStep(messages: number): void;
  running(): boolean;
}

/** The real controller's steps on virtual time, fed by the model's broker. */
export function makeController(broker: ModelBroker, time: VirtualTime, parts?: Parts): ControllerModel {
  let end: (() => void) | undefined;
  let cutAfter: number | undefined;
  const crash = () => {
    end?.();
    end = undefined;
  };
  const start = () => {
    if (end) return;
    let state = initialState();
    let cancel = () => {};
    let isUp = true;
    const perform = (step: Step) => {
      cancel();
      state = step.state;
      const { wakeAtMs } = step;
      if (wakeAtMs !== undefined) cancel = time.at(wakeAtMs, () => perform(advance(state, [], time.now(), parts)));
      for (const outgoing of step.messages) {
        if (cutAfter !== undefined && cutAfter-- <= 0) {
          cutAfter = undefined;
          return crash();
        }
        send(broker, outgoing);
      }
    };
    const unsubscribe = broker.subscribe((delivered) => {
      const input = inputOf(delivered);
      const news = input && newsOf(input, time.now(), false);
      if (isUp && news) perform(advance(state, [news], time.now(), parts));
    });
    end = () => {
      isUp = false;
      unsubscribe();
      cancel();
    };
    const stored = broker
      .stored()
      .map(inputOf)
      .filter((input) => input !== undefined);
    perform(resume(state, stored, time.now(), parts));
  };
  return {
    crash,
    start,
    running: () => end !== undefined,
    crashDuringNextStep(messages) {
      cutAfter = messages;
    },
  };
}

function send(broker: ModelBroker, outgoing: Outgoing): void {
  const { name, parameters, message } = outgoing;
  // the model's broker checks the message against the contract, whatever its type here
  broker.publish<typeof name>(name, parameters, message as MessageOf<typeof name> | undefined);
}

function inputOf({ name, parameters, message }: Delivered): Stored | undefined {
  const { node = '', mac = '', id = '', name: container = '' } = parameters;
  const document = message as never;
  switch (name) {
    case 'nodeState':
      return { kind: 'node-state', node, document };
    case 'nodeInfo':
      return { kind: 'node-info', node, document };
    case 'nodeClient':
      return { kind: 'node-client', node, mac, document };
    case 'nodeClientEvent':
      return { kind: 'node-client-event', node, mac, document };
    case 'nodeContainer':
      return { kind: 'node-container', node, name: container, document };
    case 'nodeMigration':
      return { kind: 'node-migration', node, id, document };
    case 'nodeMigrationEvent':
      return { kind: 'migration-event', node, id, document };
    case 'response':
      return { kind: 'response', document };
    case 'client':
      return { kind: 'fused-client', mac, document };
    case 'container':
      return { kind: 'fused-container', name: container, document };
    case 'policy':
      return { kind: 'policy', document };
    case 'policyState':
      return { kind: 'policy-state', document };
    default:
      return undefined;
  }
}
