import { setTimeout as delay } from 'node:timers/promises';
import type { TestSite } from './site.ts';

/** Prints, a line each, all that a node has of a container, but for its memory, which is kept for its return. */
const traces = `
name=$1
runc list -q | grep -x "$name" | sed 's/^/runc: /'
ip netns list | grep -w "tagalong-$name" | sed 's/^/namespace: /'
grep "containers/$name/" /proc/self/mounts | sed 's/^/mount: /'
find /sys/fs/cgroup/ -path "*/tagalong/$name*" | sed 's/^/control group: /'
find /var/lib/tagalong/containers /run/tagalong /run/runc -path /run/tagalong/bases -prune -o -name "*$name*" -print 2>/dev/null |
  sed 's/^/file: /'
find /run/tagalong/migrations /run/tagalong/pagers /run/tagalong/checkpoints -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/file: /'
find /var/lib/tagalong/checkpoints -name '.*.tmp' 2>/dev/null | sed 's/^/draft: /'
ps -eo args | grep -w -e "$name" -e criu -e 'runc' -e 'ip .*-batch' -e 'tar .*--directory' -e pager/main.ts |
  grep -v -e grep -e "sh -c" | sed 's/^/process: /'
ps -eo args | grep "^sh -c.*runc" | grep -w "$name" | grep -v grep | sed 's/^/process: /'
ip -br link | grep '^tg' | sed 's/^/link: /'
true`;

const deadlineMs = 20_000;

/**
 * What a node has of a container; the only one of the lab, or else links of others count too. As a process takes a
 * moment to die, the node is asked again until there is nothing, but not for ever.
 */
export async function leftoversAt(
  site: TestSite,
  node: string,
  container: string,
  waitMs = deadlineMs,
): Promise<string[]> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const text = await site.sh(node, `set -- '${container}'\n${traces}`);
    const found = text.split('\n').filter(Boolean);
    if (found.length === 0 || Date.now() > deadline) return found;
    await delay(100);
  }
}

/** The names of the containers that run at a node, as runC says it. */
export async function containersAt(site: TestSite, node: string): Promise<string[]> {
  return (await site.sh(node, 'runc list -q')).split('\n').filter(Boolean);
}
