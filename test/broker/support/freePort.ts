import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range from which the kernel takes the ports of outgoing connections, so that it stays free over a restart. */
const firstPort = 20_000;
const ports = 12_000;

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * ports);
    if (await isFree(port)) return port;
  }
}
