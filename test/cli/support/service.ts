import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';
import { run } from '../../../host/command.ts';
import { labRootFileSystem } from '../../../provisioning/lab/rootFileSystem.ts';

const sources = resolve(import.meta.dirname, '../../../cli/demo');

/** The demo's image, built as the demo builds it, in a new directory. */
export async function buildDemoImage(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-service-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const root = await labRootFileSystem();
  // the root file system is shared: what is written goes through a mount that nobody else sees
  const script = `
    mount --bind "$2" "$1/mnt"
    mount --bind "$3" "$1/srv"
    exec chroot "$1" sh /srv/buildImage.sh /srv /mnt/image`;
  await run('unshare', ['--mount', 'sh', '-ec', script, 'sh', root, directory, sources]);
  return join(directory, 'image');
}

/** A running service in its image, without a container around it. */
export interface TestService {
  port: number;
  /** The file in which it keeps its journal, seen from here. */
  journal: string;
  stop(): Promise<void>;
  pid: number;
}

export async function startService(t: ExecutionContext, image: string, memoryBytes: number): Promise<TestService> {
  const python = ['/usr/bin/python3', '-I', '-S', '-B', '/opt/service.py'];
  const child = spawn('chroot', [image, ...python, '0', String(memoryBytes), '/var/lib/service/journal'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(stop);
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /serving on port (\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stdout.resume();
    return { port: Number(port), journal: join(image, 'var/lib/service/journal'), stop, pid: child.pid ?? 0 };
  }
  throw new Error('the service ended before it listened');
}
