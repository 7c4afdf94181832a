import { run } from '../../../host/command.ts';
import type { LabProcess } from '../state.ts';

/** One process that does it all, as each start of a process would lengthen the silence. */
const script = `
ip link set "$1" netns "$2" || exit 1
[ -z "$3" ] || exec nsenter --target "$2" --net ip link set "$1" master "$3" up`;

/**
 * Moves a link to another network namespace.
 *
 * @param from - a process in the namespace where it is
 * @param to - a process in the namespace where it goes
 * @param bridge - joined and set up there; undefined to leave it down
 */
export async function moveLink(link: string, from: LabProcess, to: LabProcess, bridge?: string): Promise<void> {
  await run('nsenter', [
    ...['--target', String(from.pid), '--net', 'sh', '-c', script, 'sh', link, String(to.pid), bridge ?? ''],
  ]);
}
