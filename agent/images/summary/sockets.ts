import type { MessageOf } from '../codec/fields.ts';
import type { fileEntry } from '../messages/files.ts';
import { textOf } from '../text.ts';

/** A socket of a process. */
export interface SocketSummary {
  family: 'ipv4' | 'ipv6' | 'unix' | 'netlink' | 'packet';
  /** `tcp`, `udp`, or the type of the socket. */
  type: string;
  state: string;
  /** Address and port, or path; abstract names begin with `@`. */
  local: string | undefined;
  remote: string | undefined;
}

/** The states of sockets. Source: linux/tcp_states.h. */
const states = [
  'unknown',
  'established',
  'syn-sent',
  'syn-received',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'closed',
  'close-wait',
  'last-ack',
  'listening',
  'closing',
];
const types = ['unknown', 'stream', 'datagram', 'raw', 'reliable datagram', 'sequenced packet'];
const protocols: Record<number, string> = { 6: 'tcp', 17: 'udp', 136: 'udplite', 1: 'icmp', 58: 'icmpv6' };
const ipv6 = 10;

/** An address from words whose bytes stand in the order of the network. */
function addressOf(words: readonly number[], family: number): string {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4);
  if (family !== ipv6) return [...bytes].join('.');
  const groups = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  const text = groups.length === 8 ? `http://[${groups.join(':')}]` : '';
  // the way that URLs write addresses is the short one
  return URL.canParse(text) ? new URL(text).hostname : groups.join(':');
}

/** The name of a socket of one machine; it ends with a zero byte unless it is abstract. */
function unixName(name: Uint8Array): string | undefined {
  if (name.length === 0) return undefined;
  if (name[0] === 0) return `@${textOf(name.subarray(1)).replaceAll('\0', '@')}`;
  return textOf(name).replace(/\0+$/, '');
}

/** An open file as a socket; undefined if it is none. */
export function socketOf(file: MessageOf<typeof fileEntry>): SocketSummary | undefined {
  const { isk, usk, nlsk, psk } = file;
  const stateOf = (state: number) => states[state] ?? `state ${state}`;
  const typeOf = (type: number) => types[type] ?? `type ${type}`;
  if (isk !== undefined) {
    const remote = isk.dstPort === 0 ? undefined : `${addressOf(isk.dstAddr, isk.family)}:${isk.dstPort}`;
    return {
      family: isk.family === ipv6 ? 'ipv6' : 'ipv4',
      type: protocols[isk.proto] ?? typeOf(isk.type),
      state: stateOf(isk.state),
      local: `${addressOf(isk.srcAddr, isk.family)}:${isk.srcPort}`,
      remote,
    };
  }
  if (usk !== undefined) {
    const remote = usk.peer === 0 ? undefined : `socket ${usk.peer}`;
    const local = unixName(usk.name) ?? `socket ${usk.ino}`;
    return { family: 'unix', type: typeOf(usk.type), state: stateOf(usk.state), local, remote };
  }
  if (nlsk !== undefined) {
    const { protocol, state, portid } = nlsk;
    const type = `protocol ${protocol}`;
    return { family: 'netlink', type, state: stateOf(state), local: `port ${portid}`, remote: undefined };
  }
  if (psk !== undefined) {
    const { type, ifindex } = psk;
    return { family: 'packet', type: typeOf(type), state: '', local: `interface ${ifindex}`, remote: undefined };
  }
  return undefined;
}
