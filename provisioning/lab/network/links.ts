import { prefixLength } from '../site.ts';
import type { LabMember, LabProcess } from '../state.ts';

/** For `ip` in the backbone: its bridge. */
export function backboneLinks(): string[] {
  return ['link add br0 type bridge forward_delay 0', 'link set br0 up'];
}

/** For `ip` in the backbone: a cable to a member, `up0` at its end. */
export function cableTo(member: LabMember, inside: LabProcess): string[] {
  return [
    `link add ${member.name} type veth peer name up0 netns ${inside.pid}`,
    `link set ${member.name} master br0 up`,
  ];
}

/** For `ip` in a node: the bridge that containers and stations hang on, joined to the backbone. */
export function nodeLinks(member: LabMember): string[] {
  return [
    'link add br0 type bridge forward_delay 0',
    'link set up0 master br0 up',
    `addr add ${member.address}/${prefixLength} dev br0`,
    'link set br0 up',
    // it stands for the radio, has an address and carries nothing; not every kernel has dummy devices
    ...(member.mac === undefined ? [] : [`link add wlan0 address ${member.mac} type bridge`, 'link set wlan0 up']),
  ];
}

/** For `ip` in the controller. */
export function controllerLinks(member: LabMember): string[] {
  return [`addr add ${member.address}/${prefixLength} dev up0`, 'link set up0 up'];
}

/** For `ip` in a station: its radio, whose other end `PEER` waits there until it is associated. */
export function stationLinks(member: LabMember): string[] {
  return [`link add wlan0 address ${member.mac} type veth peer name ${airOf(member)}`, 'link set wlan0 up'];
}

/** The access point's end of a station's link. */
export function airOf(station: LabMember): string {
  return `air-${station.name}`;
}
