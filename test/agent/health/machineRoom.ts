import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { start } from '../../../host/command.ts';
import { type Programs, programsThrough } from '../../../host/programs.ts';
import { labRootFileSystem } from '../../../provisioning/lab/rootFileSystem.ts';

/** A small Debian machine in namespaces: its own root, so that CRIU can look at its mounts. */
const machineScript = `
set -e
read -r pid rest < /proc/self/stat
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount --rbind /sys sys
mount --rbind /dev dev
mount -t proc proc proc
mount -t tmpfs tmpfs run
mkdir old
pivot_root . old
umount -l /old
ip link set lo up
echo "$pid"
exec sleep infinity
`;

/** Programs within a machine that has all that a node needs; it goes away with the test. */
export async function machineRoom(t: ExecutionContext): Promise<Programs> {
  const root = await labRootFileSystem();
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-machine-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const isolated = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child'];
  const room = start('setpriv', [
    ...['--pdeathsig', 'KILL', 'unshare', ...isolated, 'bash', '-c', machineScript, 'machine', root, directory],
  ]);
  const first = await room.lines()[Symbol.asyncIterator]().next();
  if (first.done) throw new Error(`the machine could not be made: ${(await room.ended).stderr}`);
  t.teardown(async () => {
    process.kill(Number(first.value), 'SIGKILL'); // its first process; unshare itself would not listen
    await room.ended;
  });
  const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--root', '--wd'];
  return programsThrough(['nsenter', '--target', first.value, ...namespaces, '--']);
}
