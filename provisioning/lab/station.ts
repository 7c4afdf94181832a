import type { MemberFile } from './member/start.ts';

export const stationInterface = 'wlan0';

const leaseScript = `#!/bin/sh
# called by udhcpc when the lease changes
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
`;

/** What a station needs to ask for an address. */
export function stationFiles(): MemberFile[] {
  return [{ path: '/etc/udhcpc-lab.sh', text: leaseScript, mode: 0o755 }];
}

/** Asks for an address by DHCP until it has one; ends then. */
export function dhcpCommand(hostName: string): string[] {
  return [
    ...['busybox', 'udhcpc', '-i', stationInterface, '-n', '-q', '-f', '-t', '20', '-T', '1'],
    ...['-s', '/etc/udhcpc-lab.sh', '-x', `hostname:${hostName}`],
  ];
}
