import { join } from 'node:path';
import type { ContainerPlace, ContainerSpec } from './record.ts';

/** What a container may do as root; nothing that reaches beyond its namespaces. */
const capabilities = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

const seccompArchitectures: Record<string, string[]> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** CRIU cannot dump io_uring, and programs fall back to other calls where the kernel says that it has none. */
const notCheckpointable = ['io_uring_setup', 'io_uring_enter', 'io_uring_register'];

/** Files: each is covered by /dev/null. */
const hiddenPaths = [
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
];
// not hidden where they are directories: runC hides those under a tmpfs, for which CRIU starts tar and gzip at both nodes
const readOnlyPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/scsi',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** What covers a directory that is to be hidden; it must be there when the container is started or restored. */
export function emptyDirectory(place: Pick<ContainerPlace, 'bundle'>): string {
  return join(place.bundle, 'empty');
}

function mounts(spec: ContainerSpec, place: ContainerPlace): object[] {
  const tmpfs = (destination: string, ...options: string[]) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', ...options],
  });
  return [
    { destination: '/proc', type: 'proc', source: 'proc' },
    tmpfs('/dev', 'strictatime', 'mode=755', 'size=65536k'),
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    { destination: '/sys/firmware', type: 'none', source: emptyDirectory(place), options: ['rbind', 'ro'] },
    ...spec.volumes.map((volume) => ({
      destination: volume.target,
      type: 'none',
      source: volume.bind ?? join(place.volumes, volume.name ?? ''),
      options: ['rbind', volume.readOnly ? 'ro' : 'rw'],
    })),
  ];
}

/**
 * The runtime configuration of a container, pure. It is the same on every node but for paths, since CRIU compares mounts.
 *
 * Source: OCI runtime specification 1.2, config.md and config-linux.md; the annotation is runC's way to hand CRIU a
 * configuration file.
 */
export function ociConfiguration(spec: ContainerSpec, place: ContainerPlace): object {
  return {
    ociVersion: '1.2.0',
    process: {
      terminal: false,
      user: spec.user,
      args: spec.command,
      env: Object.entries(spec.environment).map(([key, value]) => `${key}=${value}`),
      cwd: spec.workingDirectory,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 4096, soft: 4096 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: false },
    hostname: spec.hostName,
    mounts: mounts(spec, place),
    // a directory of /dev rather than a tmpfs of its own: each costs CRIU a tar and a gzip at both nodes
    hooks: {
      createContainer: [
        { path: '/bin/mkdir', args: ['mkdir', '-p', '-m', '1777', join(place.rootFileSystem, 'dev/shm')], timeout: 5 },
      ],
    },
    annotations: { 'org.criu.config': place.criuConfiguration },
    linux: {
      cgroupsPath: `/tagalong/${spec.name}`,
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        ...(spec.memoryLimitBytes === undefined ? {} : { memory: { limit: spec.memoryLimitBytes } }),
      },
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        { type: 'cgroup' },
        { type: 'network', path: `/run/netns/${place.networkNamespace}` },
      ],
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: seccompArchitectures[process.arch] ?? [],
        syscalls: [{ names: notCheckpointable, action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
      },
      maskedPaths: hiddenPaths,
      readonlyPaths: readOnlyPaths,
    },
  };
}
