import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { run, start } from '../../host/command.ts';
import { type AptSource, debianSourceOf } from './aptSource.ts';
import { withLock } from './lock.ts';

/** CRIU must be 4.2 or newer on kernels from 6.16 on, and this is the first suite that has it. */
const suite = 'forky';

const packages = [
  'busybox-static',
  'ca-certificates',
  'criu',
  'crun',
  'curl',
  'dnsmasq-base',
  'ethtool',
  'hostapd',
  'iproute2',
  'iptables',
  'iputils-arping',
  'iputils-ping',
  'jq',
  'mosquitto',
  'mosquitto-clients',
  'nftables',
  'nginx-light',
  'openssh-client',
  'openssh-server',
  'podman',
  'procps',
  'python3-minimal',
  'redis-server',
  'redis-tools',
  'rsync',
  'runc',
  'socat',
  'umoci',
  // what podman needs and only recommends
  'netavark',
];

const attempts = 3;

/** Told in plain words what is being done. */
export type OnProgress = (message: string) => void;

/** Where large things are kept between runs: `TAGALONG_CACHE`, else `/var/cache/tagalong`. */
export function cacheDirectory(): string {
  return process.env['TAGALONG_CACHE'] ?? '/var/cache/tagalong';
}

/** The name of the root file system that this list of packages makes: another list, another name. */
export function rootFileSystemName(): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([suite, process.arch, packages]))
    .digest('hex');
  return `root-${suite}-${digest.slice(0, 12)}`;
}

async function aptFiles(): Promise<{ name: string; text: string }[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const paths = [
    '/etc/apt/sources.list',
    ...parts
      .filter((name) => /\.(list|sources)$/.test(name))
      .sort()
      .map((name) => `/etc/apt/sources.list.d/${name}`),
  ];
  const files = await Promise.all(
    paths.map(async (path) => ({ name: basename(path), text: await readFile(path, 'utf8').catch(() => '') })),
  );
  return files.filter((file) => file.text !== '');
}

async function debootstrapPath(): Promise<string> {
  const path = ['/usr/sbin/debootstrap', '/usr/bin/debootstrap'].find(existsSync);
  if (path === undefined)
    throw new TagalongError('program-missing', { program: 'debootstrap', package: 'debootstrap' });
  return path;
}

/** This machine's own Debian mirror; where it has none, the one that debootstrap would take. */
async function archive(): Promise<AptSource> {
  const own = debianSourceOf(await aptFiles());
  if (own) return own.keyring !== undefined && !existsSync(own.keyring) ? { mirror: own.mirror } : own;
  const script = await readFile(await debootstrapPath(), 'utf8');
  const mirror = /^DEF_MIRROR="?([^"\n]+)"?/m.exec(script)?.[1];
  if (mirror === undefined) {
    throw new TagalongError('command-failed', { command: 'debootstrap', problem: 'no Debian mirror is known here' });
  }
  return { mirror };
}

function debootstrapArguments(target: string, downloads: string, source: AptSource): string[] {
  // an older debootstrap has no script of this name, and those of all later suites are the same as that of sid
  const script = [suite, 'sid'].map((name) => `/usr/share/debootstrap/scripts/${name}`).find(existsSync);
  return [
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    `--cache-dir=${downloads}`,
    ...(source.keyring === undefined ? [] : [`--keyring=${source.keyring}`]),
    suite,
    target,
    source.mirror,
    ...(script === undefined ? [] : [script]),
  ];
}

/** One run of debootstrap. Its mounts and processes are in namespaces of their own, and end with it and with us. */
async function bootstrap(target: string, downloads: string, onProgress: OnProgress): Promise<void> {
  const source = await archive();
  const parameters = debootstrapArguments(target, downloads, source);
  const program = start('setpriv', [
    ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ...[await debootstrapPath(), ...parameters],
  ]);
  const last: string[] = [];
  for await (const line of program.lines()) {
    last.push(line);
    if (last.length > 5) last.shift();
    const told = /^I: (Retrieving|Extracting|Unpacking|Configuring) (\S+)/.exec(line);
    if (told) onProgress(`${told[1]} ${told[2]}`);
  }
  const { exitCode, stderr } = await program.ended;
  if (exitCode !== 0) {
    const problem = [...last, ...stderr.trim().split('\n').slice(-2)].join(' / ');
    throw new TagalongError('command-failed', { command: `debootstrap ${suite}`, problem, exitCode });
  }
}

async function removeInterrupted(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (name.startsWith('building-')) await rm(join(cache, name), { recursive: true, force: true });
  }
}

async function build(cache: string, complete: string, onProgress: OnProgress): Promise<void> {
  await removeInterrupted(cache);
  const downloads = join(cache, 'building-packages');
  await mkdir(downloads, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const target = join(cache, `building-${process.pid}-${attempt}`);
    try {
      await bootstrap(target, downloads, onProgress);
      await run('sh', ['-c', 'rm -rf "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb', 'sh', target]);
      await rename(target, complete);
      break;
    } catch (error) {
      await rm(target, { recursive: true, force: true });
      if (attempt === attempts) throw error;
      onProgress(`trying again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await removeInterrupted(cache);
}

/**
 * The Debian root file system that the lab's nodes run from; built at the first call, cached afterwards.
 * It is shared: use it read-only, as the lower directory of an overlay.
 *
 * @param onProgress - told what is being done while it is built
 * @returns its path
 * @throws TagalongError `not-root`, `program-missing`, or `command-failed` where the packages cannot be had
 */
export async function labRootFileSystem(onProgress: OnProgress = () => undefined): Promise<string> {
  const cache = cacheDirectory();
  const complete = join(cache, rootFileSystemName());
  if (existsSync(complete)) return complete;
  if (process.getuid?.() !== 0) {
    throw new TagalongError('not-root', { purpose: 'building the root file system of the lab' });
  }
  return await withLock(join(cache, 'lock'), async () => {
    if (!existsSync(complete)) await build(cache, complete, onProgress);
    return complete;
  });
}
