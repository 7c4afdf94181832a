import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { mosquittoAcl } from '../../broker/contract/mosquittoAcl.ts';
import type { Role } from '../../broker/contract/topics.ts';
import { accessPointInterface, hostapdControlDirectory, leaseFile } from './accessPoint.ts';
import type { MemberFile } from './member/start.ts';
import { controllerAddress, prefixLength } from './site.ts';
import type { LabMember, LabState } from './state.ts';

/** The site's id in the contract: every lab has one of its own. */
export function siteOf(state: LabState): string {
  return state.name;
}

/** Names for addresses, the same in all members. */
export function hostsFile(state: LabState, member: LabMember): MemberFile {
  const lines = state.members.flatMap(({ name, address }) => (address === undefined ? [] : [`${address} ${name}`]));
  return { path: '/etc/hosts', text: ['127.0.0.1 localhost', `127.0.1.1 ${member.name}`, ...lines, ''].join('\n') };
}

/** `/etc/tagalong/agent.yaml` of a node. */
export function agentFiles(state: LabState, member: LabMember): MemberFile[] {
  if (!state.agents) return [];
  const configuration = {
    site: siteOf(state),
    node: member.name,
    broker: {
      url: `mqtt://${controllerAddress}:1883`,
      username: member.name,
      password: state.passwords[member.name],
    },
    bridge: 'br0',
    dataPlane: { host: member.address },
    containerAddresses: { ...member.containerAddresses, prefixLength },
    ...(member.kind === 'accessPoint'
      ? { accessPoint: { interfaces: [accessPointInterface], hostapdControlDirectory, leaseFile } }
      : {}),
  };
  return [{ path: '/etc/tagalong/agent.yaml', text: stringify(configuration), mode: 0o600 }];
}

interface User {
  name: string;
  role: Role;
  password: string;
}

function usersOf(state: LabState): User[] {
  const roleOf = (name: string): Role =>
    name === 'controller' || name === 'operator' || name === 'viewer' ? name : 'node';
  return Object.entries(state.passwords).map(([name, password]) => ({ name, role: roleOf(name), password }));
}

/** Where the members' broker listens; the socket is seen on this machine too. */
const socket = '/run/tagalong-lab/broker.sock';

/** As mosquitto_passwd(1) writes it: PBKDF2 with SHA-512. Few iterations, as these passwords are long and random. */
function mosquittoHash(password: string): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, 101, 64, 'sha512');
  return `$7$101$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function mosquittoFiles(state: LabState): MemberFile[] {
  const settings = [
    'allow_anonymous false',
    'password_file /etc/mosquitto-lab.passwords',
    'acl_file /etc/mosquitto-lab.acl',
    'user root',
    'listener 1883 0.0.0.0',
    'set_tcp_nodelay true',
    `listener 0 ${socket}`,
    '',
  ];
  const passwords = usersOf(state).map(({ name, password }) => `${name}:${mosquittoHash(password)}`);
  return [
    { path: '/etc/mosquitto-lab.conf', text: settings.join('\n') },
    { path: '/etc/mosquitto-lab.passwords', text: `${passwords.join('\n')}\n`, mode: 0o600 },
    { path: '/etc/mosquitto-lab.acl', text: mosquittoAcl(siteOf(state), usersOf(state)), mode: 0o600 },
  ];
}

/** `/etc/tagalong/controller.yaml`, and the files of Mosquitto where it is the broker. */
export function controllerFiles(state: LabState): MemberFile[] {
  const embedded = {
    listeners: {
      mqtt: { host: '0.0.0.0', port: 1883 },
      ws: { host: '0.0.0.0', port: 8083 },
      unix: { path: socket },
    },
    users: usersOf(state),
  };
  const external = { url: 'mqtt://127.0.0.1:1883', username: 'controller', password: state.passwords['controller'] };
  const configuration = {
    site: siteOf(state),
    ...(state.brokerKind === 'embedded' ? { broker: { site: siteOf(state), ...embedded } } : { connect: external }),
  };
  return [
    { path: '/etc/tagalong/controller.yaml', text: stringify(configuration), mode: 0o600 },
    ...(state.brokerKind === 'mosquitto' ? mosquittoFiles(state) : []),
  ];
}
