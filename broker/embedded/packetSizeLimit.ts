/** What the limiter passes on, and whether the connection has to end. */
export interface Limited {
  pieces: Buffer[];
  /** The rest of the stream must not be read. */
  fault?: string;
}

export interface PacketSizeLimit {
  /** Takes the next bytes from a client. */
  feed(chunk: Buffer): Limited;
}

/** Put in the place of a payload that was too large; `secret` keeps clients from forging it. */
export interface OversizeMarker {
  payload(bytes: number): Buffer;
  /** The size of the payload that this one stands for, or undefined where it is an ordinary one. */
  bytesOf(payload: Buffer): number | undefined;
}

/** @param secret - random bytes that never leave the broker */
export function makeOversizeMarker(secret: Buffer): OversizeMarker {
  return {
    payload(bytes) {
      const size = Buffer.alloc(8);
      size.writeBigUInt64BE(BigInt(bytes));
      return Buffer.concat([secret, size]);
    },
    bytesOf(payload) {
      if (payload.length !== secret.length + 8 || !payload.subarray(0, secret.length).equals(secret)) return undefined;
      return Number(payload.readBigUInt64BE(secret.length));
    },
  };
}

type State =
  | { at: 'header'; bytes: number[] }
  | { at: 'body'; leftBytes: number }
  /** The topic and the packet identifier of an oversized PUBLISH are kept, its payload is not. */
  | { at: 'prefix'; firstByte: number; kept: Buffer; bodyBytes: number }
  | { at: 'payload'; firstByte: number; prefix: Buffer; bytes: number; leftBytes: number };

const publishType = 3;

/** [MQTT-2.2.3] The length of what follows the fixed header, seven bits a byte; undefined while more bytes are needed. */
function remainingLength(header: number[]): number | undefined {
  const digits = header.slice(1);
  const last = digits.at(-1);
  if (last === undefined || last >= 0x80) return undefined;
  return digits.reduce((sum, digit, index) => sum + (digit & 0x7f) * 128 ** index, 0);
}

function fixedHeader(firstByte: number, length: number): Buffer {
  const bytes = [firstByte];
  let left = length;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? digit | 0x80 : digit);
  } while (left > 0);
  return Buffer.from(bytes);
}

/** How many bytes of a PUBLISH come before its payload; undefined while the length of the topic is not known. */
function prefixBytes(firstByte: number, kept: Buffer): number | undefined {
  if (kept.length < 2) return undefined;
  const qos = (firstByte >> 1) & 3;
  return 2 + kept.readUInt16BE(0) + (qos > 0 ? 2 : 0);
}

function shrunk(firstByte: number, prefix: Buffer, payload: Buffer): Buffer {
  const retainFlag = 0x01;
  const body = Buffer.concat([prefix, payload]);
  return Buffer.concat([fixedHeader(firstByte & ~retainFlag, body.length), body]);
}

/**
 * Keeps packets above a size from ever being held in memory: aedes has no such limit.
 *
 * An oversized PUBLISH goes on as a small one whose payload is the marker, so that it is judged, acknowledged and audited
 * in its turn; its own payload is read and thrown away. Any other oversized packet is a fault.
 *
 * @param maximumBytes - the largest allowed length of a packet after its fixed header
 */
export function makePacketSizeLimit(maximumBytes: number, marker: OversizeMarker): PacketSizeLimit {
  let state: State = { at: 'header', bytes: [] };
  let fault: string | undefined;

  function afterHeader(header: number[]): Buffer[] {
    const length = remainingLength(header);
    if (length === undefined) {
      if (header.length >= 5) fault = 'the length of a packet is malformed';
      return [];
    }
    const firstByte = header[0] ?? 0;
    if (length <= maximumBytes) {
      state = length === 0 ? { at: 'header', bytes: [] } : { at: 'body', leftBytes: length };
      return [Buffer.from(header)];
    }
    if (firstByte >> 4 === publishType) {
      state = { at: 'prefix', firstByte, kept: Buffer.alloc(0), bodyBytes: length };
      return [];
    }
    fault = `a packet of ${length} bytes is larger than the limit of ${maximumBytes} bytes`;
    return [];
  }

  /** Takes what it can from the front of the chunk; returns how many bytes that were and what to pass on. */
  function step(chunk: Buffer): { used: number; pieces: Buffer[] } {
    switch (state.at) {
      case 'header': {
        state.bytes.push(chunk[0] ?? 0);
        return { used: 1, pieces: state.bytes.length < 2 ? [] : afterHeader(state.bytes) };
      }
      case 'body': {
        const used = Math.min(state.leftBytes, chunk.length);
        state.leftBytes -= used;
        if (state.leftBytes === 0) state = { at: 'header', bytes: [] };
        return { used, pieces: [chunk.subarray(0, used)] };
      }
      case 'prefix': {
        const { firstByte, bodyBytes } = state;
        const missing = (prefixBytes(firstByte, state.kept) ?? 2) - state.kept.length;
        const used = Math.min(missing, chunk.length);
        const kept = Buffer.concat([state.kept, chunk.subarray(0, used)]);
        const wanted = prefixBytes(firstByte, kept);
        if (wanted !== undefined && wanted >= bodyBytes) fault = 'the topic of a packet is longer than the packet';
        const bytes = bodyBytes - (wanted ?? 0);
        state =
          wanted === kept.length
            ? { at: 'payload', firstByte, prefix: kept, bytes, leftBytes: bytes }
            : { ...state, kept };
        return { used, pieces: [] };
      }
      case 'payload': {
        const used = Math.min(state.leftBytes, chunk.length);
        state.leftBytes -= used;
        if (state.leftBytes > 0) return { used, pieces: [] };
        const small = shrunk(state.firstByte, state.prefix, marker.payload(state.bytes));
        state = { at: 'header', bytes: [] };
        return { used, pieces: [small] };
      }
    }
  }

  return {
    feed(chunk) {
      const pieces: Buffer[] = [];
      let offset = 0;
      while (offset < chunk.length && fault === undefined) {
        const taken = step(chunk.subarray(offset));
        offset += taken.used;
        pieces.push(...taken.pieces);
      }
      return fault === undefined ? { pieces } : { pieces, fault };
    },
  };
}
