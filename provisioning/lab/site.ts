import { TagalongError } from '../../broker/contract/errors.ts';

export const memberKinds = ['backbone', 'controller', 'accessPoint', 'node', 'station'] as const;
export type MemberKind = (typeof memberKinds)[number];

/** One machine of the lab, in namespaces of its own. */
export interface Member {
  name: string;
  kind: MemberKind;
  /** On the site's one flat network; a station gets its own by DHCP. */
  address?: string;
  /** Of `wlan0`: the BSSID of an access point, the address of a station. */
  mac?: string;
  /** Inclusive; which containers of this node get. */
  containerAddresses?: { first: string; last: string };
  /** Inclusive; which this access point gives to stations. */
  stationAddresses?: { first: string; last: string };
}

export interface SiteOptions {
  accessPoints: number;
  nodes: number;
  stations: number;
  controller: boolean;
}

/** All members share this network. */
export const prefixLength = 16;
export const controllerAddress = '10.77.0.1';

const maximumNodes = 90;
const maximumStations = 200;

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function nodeOf(name: string, kind: 'accessPoint' | 'node', number: number): Member {
  const containers = `10.77.${20 + number}`;
  const stations = `10.77.${120 + number}`;
  return {
    name,
    kind,
    address: `10.77.0.${10 + number}`,
    containerAddresses: { first: `${containers}.1`, last: `${containers}.254` },
    ...(kind === 'node'
      ? {}
      : {
          mac: `02:77:00:02:00:${hex(number)}`,
          stationAddresses: { first: `${stations}.10`, last: `${stations}.250` },
        }),
  };
}

function count(field: string, value: number, maximum: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw new TagalongError('lab-failed', {
    lab: '(not yet named)',
    problem: `${field} must be a number from 0 to ${maximum}`,
  });
}

function numbers(length: number): number[] {
  return Array.from({ length }, (_, index) => index + 1);
}

/**
 * Who is in a lab, with names and addresses: `backbone`, `controller`, `ap1`…, `node1`…, `phone1`….
 *
 * @throws TagalongError `lab-failed` for numbers that the address plan has no room for
 */
export function membersOf(options: SiteOptions): Member[] {
  const accessPoints = numbers(count('accessPoints', options.accessPoints, maximumNodes));
  const nodes = numbers(count('nodes', options.nodes, maximumNodes - accessPoints.length));
  const stations = numbers(count('stations', options.stations, maximumStations));
  return [
    { name: 'backbone', kind: 'backbone' },
    ...(options.controller ? [{ name: 'controller', kind: 'controller', address: controllerAddress } as const] : []),
    ...accessPoints.map((number) => nodeOf(`ap${number}`, 'accessPoint', number)),
    ...nodes.map((number) => nodeOf(`node${number}`, 'node', accessPoints.length + number)),
    ...stations.map(
      (number): Member => ({ name: `phone${number}`, kind: 'station', mac: `02:77:00:01:00:${hex(number)}` }),
    ),
  ];
}

/** Whether an agent belongs on it. */
export function isNode(member: { kind: MemberKind }): boolean {
  return member.kind === 'accessPoint' || member.kind === 'node';
}
