/** Packets of MQTT 3.1.1 made by hand, for clients that behave as no library does. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

export function packet(firstByte: number, body: Buffer): Buffer {
  const header = [firstByte];
  let left = body.length;
  do {
    header.push(left >= 128 ? (left % 128) | 0x80 : left);
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

export function connectPacket(clientId: string, username: string, password: string): Buffer {
  const cleanWithLogin = 0xc2;
  const head = Buffer.concat([text('MQTT'), Buffer.from([4, cleanWithLogin, 0, 0])]);
  return packet(0x10, Buffer.concat([head, text(clientId), text(username), text(password)]));
}

export function subscribePacket(filter: string): Buffer {
  return packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([0])]));
}

export function publishPacket(topic: string, payload: Buffer, { retain = false } = {}): Buffer {
  return packet(0x32 | (retain ? 1 : 0), Buffer.concat([text(topic), Buffer.from([0, 9]), payload]));
}
