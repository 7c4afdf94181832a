import { serviceMagic } from './framing.ts';
import { type MessageKind, messages, type RawKind, raw } from './kind.ts';
import { magics } from './magic.ts';
import { cgroupEntry } from './messages/cgroup.ts';
import { coreEntry, taskKobjIdsEntry } from './messages/core.ts';
import { fdinfoEntry, fileEntry, fsEntry } from './messages/files.ts';
import { tcpStreamEntry } from './messages/inetSockets.ts';
import { inventoryEntry } from './messages/inventory.ts';
import { ipcMsgEntry, ipcSemEntry, ipcShmEntry, ipcVarEntry } from './messages/ipcNamespace.ts';
import { autofsEntry, binfmtMiscEntry, cpuinfoEntry, statsEntry } from './messages/machine.ts';
import { mmEntry } from './messages/mm.ts';
import { netDeviceEntry, netnsEntry } from './messages/networkNamespace.ts';
import { bpfmapDataEntry, fileLockEntry } from './messages/otherFiles.ts';
import { mntEntry, pidnsEntry, usernsEntry, utsnsEntry } from './messages/otherNamespaces.ts';
import { skPacketEntry } from './messages/otherSockets.ts';
import { pagemapEntry, pagemapHead } from './messages/pagemap.ts';
import { pipeDataEntry } from './messages/pipes.ts';
import { pstreeEntry } from './messages/pstree.ts';
import { ghostFileEntry, memfdInodeEntry, remapFilePathEntry } from './messages/regularFiles.ts';
import { apparmorEntry, seccompEntry } from './messages/restrictions.ts';
import { ttyDataEntry, ttyInfoEntry } from './messages/terminals.ts';
import { timensEntry } from './messages/timers.ts';
import { ghostEnd, queueEnd, semaphoresEnd, sharedMemoryEnd } from './payloads.ts';

const single = { single: true };
const pagemap = () => messages(magics.pagemap, pagemapEntry, { head: pagemapHead });
const pipeData = (magic: number) =>
  messages(magic, pipeDataEntry, { payloadEnd: (entry, _bytes, start) => start + entry.bytes });

/**
 * The kinds of images of CRIU 4.2, by the stem of their names. Source: criu/image-desc.c. What older versions wrote into
 * images of their own (sockets, pipes, credentials …) is not among them.
 */
export const imageKinds = {
  inventory: messages(magics.inventory, inventoryEntry, { single: true, words: [magics.inventory] }),
  pstree: messages(magics.pstree, pstreeEntry),
  core: messages(magics.core, coreEntry, single),
  ids: messages(magics.ids, taskKobjIdsEntry, single),
  mm: messages(magics.mm, mmEntry, single),
  pagemap: pagemap(),
  'pagemap-shmem': pagemap(),
  pages: raw,
  fs: messages(magics.fs, fsEntry, single),
  files: messages(magics.files, fileEntry),
  fdinfo: messages(magics.fdinfo, fdinfoEntry),
  'remap-fpath': messages(magics.remappedPaths, remapFilePathEntry),
  'ghost-file': messages(magics.ghostFile, ghostFileEntry, { single: true, payloadEnd: ghostEnd }),
  memfd: messages(magics.memfd, memfdInodeEntry),
  'pipes-data': pipeData(magics.pipesData),
  'fifo-data': pipeData(magics.fifoData),
  'sk-queues': messages(magics.socketQueues, skPacketEntry, {
    payloadEnd: (entry, _bytes, start) => start + entry.length,
  }),
  'tcp-stream': messages(magics.tcpStream, tcpStreamEntry, {
    single: true,
    payloadEnd: (entry, _bytes, start) => start + entry.inqLen + entry.outqLen,
  }),
  'tty-info': messages(magics.terminalInfo, ttyInfoEntry),
  'tty-data': messages(magics.terminalData, ttyDataEntry),
  filelocks: messages(magics.fileLocks, fileLockEntry),
  mountpoints: messages(magics.mountPoints, mntEntry),
  'tmpfs.tar.gz': raw,
  'tmpfs-dev.tar.gz': raw,
  autofs: messages(magics.autofs, autofsEntry, single),
  'binfmt-misc': messages(magics.binfmtMisc, binfmtMiscEntry),
  netdev: messages(magics.networkDevices, netDeviceEntry),
  netns: messages(magics.networkNamespace, netnsEntry, single),
  ifaddr: raw,
  route: raw,
  route6: raw,
  rule: raw,
  iptables: raw,
  ip6tables: raw,
  nftables: raw,
  'netns-ct': raw,
  'netns-exp': raw,
  utsns: messages(magics.utsNamespace, utsnsEntry, single),
  timens: messages(magics.timeNamespace, timensEntry, single),
  pidns: messages(magics.pidNamespace, pidnsEntry, single),
  userns: messages(magics.userNamespace, usernsEntry, single),
  'ipcns-var': messages(magics.ipcSettings, ipcVarEntry, single),
  'ipcns-shm': messages(magics.ipcSharedMemory, ipcShmEntry, { payloadEnd: sharedMemoryEnd }),
  'ipcns-msg': messages(magics.ipcMessages, ipcMsgEntry, { payloadEnd: queueEnd }),
  'ipcns-sem': messages(magics.ipcSemaphores, ipcSemEntry, { payloadEnd: semaphoresEnd }),
  cgroup: messages(magics.cgroup, cgroupEntry, single),
  seccomp: messages(magics.seccomp, seccompEntry, single),
  apparmor: messages(magics.apparmor, apparmorEntry, single),
  cpuinfo: messages(magics.processor, cpuinfoEntry, single),
  'bpfmap-data': messages(magics.bpfMapData, bpfmapDataEntry, {
    payloadEnd: (entry, _bytes, start) => start + entry.keysBytes + entry.valuesBytes,
  }),
  stats: messages(magics.statistics, statsEntry, { single: true, words: [serviceMagic, magics.statistics] }),
} as const;

export type KindName = keyof typeof imageKinds;

/** What the name of a file tells of it as an image. */
export interface ImageName {
  kind: KindName;
  /** What stands behind the stem: a pid, a number of CRIU's, or a word; empty where there is only one such image. */
  id: string;
}

function isKind(stem: string): stem is KindName {
  return Object.hasOwn(imageKinds, stem);
}

/**
 * Tells the kind of an image by the name of its file.
 *
 * @returns undefined if it is none that is known
 */
export function parseImageName(file: string): ImageName | undefined {
  const statistics = /^stats-(dump|restore)$/.exec(file);
  if (statistics !== null) return { kind: 'stats', id: statistics[1] ?? '' };
  const parts = /^([a-z0-9-]+?)(?:-([0-9a-f]+))?(\.tar\.gz)?\.img$/.exec(file);
  if (parts === null) return undefined;
  const [, stem = '', id = '', suffix = ''] = parts;
  const kind = `${stem}${suffix}`;
  if (isKind(kind)) return { kind, id };
  const whole = `${stem}-${id}${suffix}`;
  return id !== '' && isKind(whole) ? { kind: whole, id: '' } : undefined;
}

/** The name of the file of an image. */
export function imageFile(kind: KindName, id: number | string = ''): string {
  // the only images without the ending
  if (kind === 'stats') return `stats-${id}`;
  const [stem = '', suffix = ''] = kind.split(/(?=\.)(.*)/);
  return `${stem}${id === '' ? '' : `-${id}`}${suffix}.img`;
}

/** A kind of image, as far as that can be told without its messages. */
export type AnyKind = MessageKind | RawKind;

/** The kind of a name, without its types. */
export function kindNamed(name: KindName): AnyKind {
  return imageKinds[name] as unknown as AnyKind;
}
