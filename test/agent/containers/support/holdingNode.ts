/**
 * A node in its network namespace, as a program: a container's network whose port is held, and a server in it that
 * answers each line with the same line.
 *
 * Usage: holdingNode.ts <bridge>; then `open`, `cut`, `hold`, `announce`, `release`, `end` or `remove` as lines on standard
 * input, each answered by a line when it is done.
 */
import { createInterface } from 'node:readline';
import { type HeldPort, holdPort } from '../../../../agent/containers/heldPort.ts';
import { createNetwork, cutPortCommands, destroyNetwork, openNetwork } from '../../../../agent/containers/network.ts';
import { probePacketHold } from '../../../../agent/health/packetHold.ts';
import { start } from '../../../../host/command.ts';
import { ip } from '../../../../host/ip.ts';
import { localPrograms } from '../../../../host/programs.ts';

const [bridge = '', name = ''] = process.argv.slice(2);
const spec = { address: '10.99.0.2', prefixLength: 24, mac: '02-74-00-00-00-02' };
const place = { networkNamespace: name, port: `tg${name.slice(-12)}` };
const echo = `
import { createServer } from 'node:net';
createServer((socket) => socket.pipe(socket)).listen(7, () => console.log('listening'));`;

await createNetwork(spec, place);
const inside = [`--net=/run/netns/${name}`, process.execPath, '--input-type=module', '--eval', echo];
const server = start('nsenter', inside);
await server.lines()[Symbol.asyncIterator]().next();
const { method } = await probePacketHold(localPrograms);
let port: HeldPort | undefined;

const verbs: Record<string, () => Promise<unknown>> = {
  open: () => openNetwork(spec, place, bridge),
  cut: () => ip(cutPortCommands(place)),
  async hold() {
    port = await holdPort({ spec, place, bridge, method });
  },
  announce: async () => port?.announce(),
  release: async () => port?.release(),
  end: async () => port?.end(),
  async remove() {
    await port?.cancel();
    await server.stop();
    await destroyNetwork(place);
  },
};
console.log(`ready ${place.port} ${method ?? 'none'}`);
for await (const line of createInterface({ input: process.stdin })) {
  await verbs[line]?.();
  console.log(line);
}
