import type { MemberFile } from './member/start.ts';
import { prefixLength } from './site.ts';
import type { LabMember } from './state.ts';

export const accessPointInterface = 'wlan0';
export const hostapdControlDirectory = '/run/hostapd';
export const leaseFile = '/var/lib/misc/dnsmasq.leases';

/** The network's name: one for all access points of a lab, so that stations roam. */
export function ssidOf(lab: string): string {
  return `tagalong-${lab}`.slice(0, 32);
}

function netmask(bits: number): string {
  const value = (0xffffffff << (32 - bits)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** What an access point serves with: hostapd without a radio, dnsmasq for its own stations. */
export function accessPointFiles(lab: string, member: LabMember): MemberFile[] {
  const { first, last } = member.stationAddresses ?? { first: '', last: '' };
  return [
    {
      path: '/etc/hostapd/lab.conf',
      text: [
        `interface=${accessPointInterface}`,
        'driver=none',
        `ssid=${ssidOf(lab)}`,
        `ctrl_interface=${hostapdControlDirectory}`,
        '',
      ].join('\n'),
    },
    {
      path: '/etc/dnsmasq-lab.conf',
      text: [
        'port=0',
        'interface=br0',
        'bind-interfaces',
        `dhcp-range=${first},${last},${netmask(prefixLength)},12h`,
        `dhcp-leasefile=${leaseFile}`,
        'dhcp-option=3',
        'dhcp-option=6',
        'no-ping',
        'user=root',
        '',
      ].join('\n'),
    },
    {
      // every access point serves its own stations, though all share layer 2
      path: '/etc/nftables-lab.conf',
      text: `table bridge lab {
  chain forward {
    type filter hook forward priority 0
    oifname "up0" udp dport { 67, 68 } drop
    iifname "up0" udp dport { 67, 68 } drop
  }
  chain input {
    type filter hook input priority 0
    iifname "up0" udp dport { 67, 68 } drop
  }
  chain output {
    type filter hook output priority 0
    oifname "up0" udp dport { 67, 68 } drop
  }
}
`,
    },
  ];
}

/** The commands of an access point's services, by name. */
export const accessPointServices: Readonly<Record<'hostapd' | 'dnsmasq', readonly string[]>> = {
  hostapd: ['hostapd', '/etc/hostapd/lab.conf'],
  dnsmasq: ['dnsmasq', '--keep-in-foreground', '--log-facility=-', '--conf-file=/etc/dnsmasq-lab.conf'],
};
