import { once } from 'node:events';
import { rmdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below the range from which the kernel takes the ports of outgoing connections, so that it stays free over a restart. */
const firstPort = 20_000;
const ports = 12_000;

const claims = join(tmpdir(), 'tagalong-test-ports');

/** Between the look and the use another test, here or in another process, could be given the same port: each is claimed. */
async function claim(port: number): Promise<boolean> {
  await mkdir(claims, { recursive: true });
  const path = join(claims, String(port));
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  process.setMaxListeners(0).once('exit', () => rmdirSync(path));
  return true;
}

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

/** A port of 127.0.0.1 that nothing listens on, and that no other test is given while this process lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * ports);
    if ((await claim(port)) && (await isFree(port))) return port;
  }
}
