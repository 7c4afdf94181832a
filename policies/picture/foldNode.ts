import type { MessageOf } from '../../broker/contract/topics.ts';
import type { ObservationOf } from './observation.ts';
import type { NodePicture } from './sitePicture.ts';

/**
 * Folds a state. A will is believed only if its session is that of the last birth: the will of a connection that died
 * may come after the agent has started anew.
 */
export function foldNodeState(
  node: NodePicture | undefined,
  observation: ObservationOf<'node-state'>,
): NodePicture | undefined {
  const state = observation.document;
  if (state === undefined) return undefined;
  const before = node ?? { node: observation.node };
  if (state.status === 'offline') {
    const late = before.birthSession !== undefined && before.birthSession !== state.session;
    return late ? before : { ...before, state };
  }
  const same = before.birthSession === state.session;
  const known = before.state?.session === state.session ? before.onlineAtMs : undefined;
  return clockedBy(
    {
      ...before,
      state,
      birthSession: state.session,
      onlineAtMs: known ?? onlineAtMs(before, state, observation.retained),
      clockOffsetMs: same ? before.clockOffsetMs : undefined,
    },
    state.at,
    observation,
  );
}

/** An agent has read its station list and published its state this long after its birth certificate, at the latest. */
const startUpMs = 5000;

/** A state from the broker's store may be of a later drain; then the birth certificate tells when the session began. */
function onlineAtMs(node: NodePicture, state: MessageOf<'nodeState'>, retained: boolean): number {
  const statedMs = Date.parse(state.at);
  if (!retained || node.info?.session !== state.session) return statedMs;
  return Math.min(statedMs, Date.parse(node.info.at) + startUpMs);
}

/** Folds a birth certificate. It tells of a birth before the state does, which is published last. */
export function foldNodeInfo(node: NodePicture | undefined, observation: ObservationOf<'node-info'>): NodePicture {
  const before = node ?? { node: observation.node };
  const info = observation.document;
  if (info === undefined) return { ...before, info: undefined };
  return clockedBy({ ...before, info, birthSession: info.session }, info.at, observation);
}

export function foldTelemetry(node: NodePicture | undefined, observation: ObservationOf<'node-telemetry'>) {
  const before = node ?? { node: observation.node };
  return clockedBy({ ...before, telemetry: observation.document }, observation.document.at, observation);
}

/** Learns how far the node's clock is off: the quickest message heard live tells best. */
export function clockedBy(
  node: NodePicture,
  stamp: string,
  received: { atMs: number; retained: boolean },
): NodePicture {
  if (received.retained) return node;
  const offsetMs = received.atMs - Date.parse(stamp);
  return node.clockOffsetMs !== undefined && node.clockOffsetMs <= offsetMs
    ? node
    : { ...node, clockOffsetMs: offsetMs };
}
