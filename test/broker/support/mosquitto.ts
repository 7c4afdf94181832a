import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mosquittoAcl } from '../../../broker/contract/mosquittoAcl.ts';
import { type LongRunning, run, start } from '../../../host/command.ts';
import { labRootFileSystem } from '../../../provisioning/lab/rootFileSystem.ts';
import { freePort } from './freePort.ts';
import { passwordOf, people, site } from './people.ts';

export interface RunningMosquitto {
  url: string;
  restart(): Promise<void>;
  close(): Promise<void>;
}

function configuration(port: number): string {
  return [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous false',
    'password_file /mnt/passwords',
    'acl_file /mnt/acl',
    'set_tcp_nodelay true',
    'message_size_limit 262144',
    'persistence true',
    'persistence_location /mnt/',
    'user root',
    'log_dest stderr',
    '',
  ].join('\n');
}

/** Runs a program of the lab's root file system with `directory` at /mnt, in a mount namespace of its own. */
async function insideRoot(directory: string, program: string[]): Promise<[string, string[]]> {
  const root = await labRootFileSystem();
  const script = 'mount --bind "$1" "$2/mnt" && shift && root="$1" && shift && exec chroot "$root" "$@" 2>&1';
  return ['unshare', ['--mount', 'sh', '-c', script, 'sh', directory, root, ...program]];
}

async function startProgram(directory: string): Promise<LongRunning> {
  const [file, parameters] = await insideRoot(directory, ['/usr/sbin/mosquitto', '-c', '/mnt/mosquitto.conf']);
  const program = start(file, parameters);
  const said: string[] = [];
  const running = Promise.withResolvers<void>();
  // read to its end: leaving the loop would wait for the program to end
  const reading = (async () => {
    for await (const line of program.lines()) {
      said.push(line);
      if (/mosquitto version \S+ running/.test(line)) running.resolve();
    }
    running.reject(new Error(`Mosquitto ended: ${said.join('\n')}`));
  })();
  reading.catch(running.reject);
  await running.promise;
  return program;
}

/** Starts a real Mosquitto 2 with the users of the tests and the access control list of the contract. */
export async function startMosquitto(): Promise<RunningMosquitto> {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-mosquitto-'));
  const port = await freePort();
  const passwords = people.map(({ name }) => `${name}:${passwordOf(name)}\n`).join('');
  for (const [name, text] of Object.entries({
    'mosquitto.conf': configuration(port),
    passwords,
    acl: mosquittoAcl(site, people),
  })) {
    await writeFile(join(directory, name), text);
    await chmod(join(directory, name), 0o600);
  }
  let program: LongRunning;
  try {
    await run(...(await insideRoot(directory, ['/usr/bin/mosquitto_passwd', '-U', '/mnt/passwords'])));
    program = await startProgram(directory);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async restart() {
      await program.stop();
      program = await startProgram(directory);
    },
    async close() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Runs one of Mosquitto's client programs as one of the people, to its end. */
export async function runClient(
  program: 'mosquitto_pub' | 'mosquitto_rr' | 'mosquitto_sub',
  url: string,
  person: (typeof people)[number]['name'],
  parameters: string[],
  input?: string,
): Promise<string> {
  const root = await labRootFileSystem();
  const { hostname, port } = new URL(url);
  const login = ['-h', hostname, '-p', port, '-u', person, '-P', passwordOf(person)];
  const options = { timeoutMs: 30_000, ...(input === undefined ? {} : { input }) };
  const { stdout } = await run('chroot', [root, `/usr/bin/${program}`, ...login, ...parameters], options);
  return stdout;
}
