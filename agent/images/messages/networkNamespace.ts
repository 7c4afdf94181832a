import { optional, repeated, required, shape } from '../codec/fields.ts';
import { tunLinkEntry } from './otherFiles.ts';

// Network devices and their settings. Names and numbers: images/*.proto of CRIU (sysctl, macvlan, sit, netdev).

export const sysctlEntry = shape('sysctl_entry', {
  type: required(1, 'int32'),
  iarg: optional(2, 'int32'),
  sarg: optional(3, 'text'),
});

export const macvlanLinkEntry = shape('macvlan_link_entry', {
  mode: required(1, 'uint32'),
  flags: optional(2, 'uint32'),
});

export const sitEntry = shape('sit_entry', {
  link: optional(1, 'uint32'),
  local: repeated(2, 'uint32'),
  remote: repeated(3, 'uint32'),
  ttl: optional(4, 'uint32'),
  tos: optional(5, 'uint32'),
  pmtudisc: optional(6, 'bool'),
  proto: optional(7, 'uint32'),
  flags: optional(8, 'uint32'),
  encapType: optional(9, 'uint32'),
  encapFlags: optional(10, 'uint32'),
  encapSport: optional(11, 'uint32'),
  encapDport: optional(12, 'uint32'),
  rdPrefixlen: optional(13, 'uint32'),
  rdPrefix: repeated(14, 'uint32'),
  relayPrefixlen: optional(15, 'uint32'),
  relayPrefix: repeated(16, 'uint32'),
});

export const netDeviceEntry = shape('net_device_entry', {
  type: required(1, 'int32'),
  ifindex: required(2, 'uint32'),
  mtu: required(3, 'uint32'),
  flags: required(4, 'uint32'),
  name: required(5, 'text'),
  tun: optional(6, tunLinkEntry),
  address: optional(7, 'bytes'),
  conf: repeated(8, 'int32'),
  conf4: repeated(9, sysctlEntry),
  conf6: repeated(10, sysctlEntry),
  macvlan: optional(11, macvlanLinkEntry),
  peerIfindex: optional(12, 'uint32'),
  peerNsid: optional(13, 'uint32'),
  master: optional(14, 'uint32'),
  sit: optional(15, sitEntry),
});

export const netnsId = shape('netns_id', {
  targetNsId: required(1, 'uint32'),
  netnsidValue: required(2, 'int32'),
});

export const netnsEntry = shape('netns_entry', {
  defConf: repeated(1, 'int32'),
  allConf: repeated(2, 'int32'),
  defConf4: repeated(3, sysctlEntry),
  allConf4: repeated(4, sysctlEntry),
  defConf6: repeated(5, sysctlEntry),
  allConf6: repeated(6, sysctlEntry),
  nsids: repeated(7, netnsId),
  extKey: optional(8, 'text'),
  unixConf: repeated(9, sysctlEntry),
  ipv4Sysctl: repeated(10, sysctlEntry),
});
