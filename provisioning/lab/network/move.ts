import { run } from '../../../host/command.ts';
import type { LabProcess } from '../state.ts';

/** One process that does it all, as each start of a process would lengthen the silence. */
const script = `
link=$1 to=$2 bridge=$3 station=$4 address=$5
ip link set "$link" netns "$to" || exit 1
[ -n "$bridge" ] || exit 0
nsenter --target "$to" --net ip link set "$link" master "$bridge" up || exit 1
[ -n "$address" ] || exit 0
tries=100
until nsenter --target "$to" --net bridge link show dev "$link" | grep -q forwarding; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
done
nsenter --target "$station" --net --mount arping -q -U -c 1 -w 1 -I wlan0 "$address"
exit 0`;

export interface LinkMove {
  /** The access point's end of a station's link. */
  link: string;
  /** A process in the network namespace where it is. */
  from: LabProcess;
  /** A process in the one where it goes. */
  to: LabProcess;
  /** Joined and set up there; without it the link stays down. */
  bridge?: string;
  /** Announced to all bridges of the site once the link forwards, as an access point's layer 2 update frame does. */
  announce?: { station: LabProcess; address: string };
}

/** Carries a station's link to another network namespace. */
export async function moveLink({ link, from, to, bridge, announce }: LinkMove): Promise<void> {
  await run('nsenter', [
    ...['--target', String(from.pid), '--net', 'sh', '-c', script, 'sh', link, String(to.pid), bridge ?? ''],
    ...[String(announce?.station.pid ?? ''), announce?.address ?? ''],
  ]);
}
