import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type LongRunning, start } from '../../../host/command.ts';
import { type Programs, programsThrough } from '../../../host/programs.ts';
import { labRootFileSystem } from '../../../provisioning/lab/rootFileSystem.ts';

/** A real hostapd without a radio, in namespaces of its own. */
export interface HostapdRoom {
  programs: Programs;
  /** On the machine itself; dnsmasq's file would stand here. */
  leaseFile: string;
  /** Starts hostapd and resolves when it is on the air. */
  startHostapd(): Promise<void>;
  /** Ends it, with its goodbyes (SIGTERM) or without (SIGKILL). */
  stopHostapd(how?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** A command of hostapd_cli, e.g. `new_sta 02:00:00:00:00:01`. */
  control(interfaceName: string, ...command: string[]): Promise<string>;
  /** All stations go, and this one is back 50 ms later. */
  leaveAndReturn(interfaceName: string, mac: string): Promise<void>;
  /** Process ids of each hostapd_cli that waits for events. */
  listeners(): Promise<number[]>;
}

const configuration = (name: string, index: number) =>
  `interface=${name}\ndriver=none\nssid=room-${index}\nchannel=${index * 5 + 1}\nctrl_interface=/run/hostapd\n`;

/** Enters its namespaces, says its process id as the machine knows it, and waits for its end. */
const roomScript = `
set -e
read -r pid rest < /proc/self/stat
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/tmp"
echo "$pid"
exec chroot "$1" sleep infinity
`;

/** hostapd keeps the entry of one that has left for a while, and then says nothing of its return; it frees all at once. */
const returnScript =
  'c="hostapd_cli -p /run/hostapd -i $1"; $c deauthenticate ff:ff:ff:ff:ff:ff; sleep 0.05; $c new_sta "$2"';

const listenersScript = `
mount -t proc proc /proc
for directory in /proc/[0-9]*; do
  [ "$(readlink $directory/ns/net)" = "$(readlink /proc/self/ns/net)" ] || continue
  case "$(tr '\\0' ' ' < $directory/cmdline)" in "hostapd_cli -r "*) basename $directory ;; esac
done
umount /proc`;

/** Makes the room; it goes away with the test. */
export async function hostapdRoom(t: ExecutionContext, interfaces: readonly string[]): Promise<HostapdRoom> {
  const root = await labRootFileSystem();
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-room-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const isolated = ['--mount', '--net', '--pid', '--fork', '--kill-child'];
  const room = start('setpriv', [
    '--pdeathsig',
    'KILL',
    'unshare',
    ...isolated,
    'bash',
    '-c',
    roomScript,
    'room',
    root,
  ]);
  const first = await room.lines()[Symbol.asyncIterator]().next();
  if (first.done) throw new Error(`the room could not be made: ${(await room.ended).stderr}`);
  t.teardown(async () => {
    process.kill(Number(first.value), 'SIGKILL'); // the first process of the room; unshare itself would not listen
    await room.ended;
  });
  const programs = programsThrough(['nsenter', '--target', first.value, '--mount', '--net', '--root', '--wd', '--']);

  let hostapd: LongRunning | undefined;
  t.teardown(async () => hostapd?.stop());
  for (const [index, name] of interfaces.entries()) {
    await programs.run('tee', [`/run/${name}.conf`], { input: configuration(name, index) });
  }
  return {
    programs,
    leaseFile: join(directory, 'dnsmasq.leases'),
    async startHostapd() {
      hostapd = programs.start('stdbuf', ['-oL', 'hostapd', ...interfaces.map((name) => `/run/${name}.conf`)]);
      const waiting = new Set(interfaces);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      void (async (running: LongRunning) => {
        // read to its end: a full pipe would stop it
        for await (const line of running.lines()) {
          waiting.delete(/^(\S+): AP-ENABLED/.exec(line)?.[1] ?? '');
          if (waiting.size === 0) resolve();
        }
        reject(new Error(`hostapd ended: ${(await running.ended).stderr}`));
      })(hostapd);
      await promise;
    },
    async stopHostapd(how = 'SIGTERM') {
      if (hostapd?.pid !== undefined) process.kill(hostapd.pid, how);
      await hostapd?.ended;
      hostapd = undefined;
    },
    async leaveAndReturn(interfaceName, mac) {
      await programs.run('sh', ['-c', returnScript, 'sh', interfaceName, mac]);
    },
    async listeners() {
      const { stdout } = await programs.run('sh', ['-c', listenersScript]);
      return stdout.split('\n').filter(Boolean).map(Number);
    },
    async control(interfaceName, ...command) {
      return (await programs.run('hostapd_cli', ['-p', '/run/hostapd', '-i', interfaceName, ...command])).stdout;
    },
  };
}
