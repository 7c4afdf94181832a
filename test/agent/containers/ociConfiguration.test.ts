import test from 'ava';
import { agentConfigurationSchema } from '../../../agent/configuration.ts';
import { ociConfiguration } from '../../../agent/containers/ociConfiguration.ts';
import { placeOf } from '../../../agent/containers/place.ts';
import { containerSpecSchema } from '../../../agent/containers/record.ts';

interface Configuration {
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  hooks: { createContainer: { path: string; args: string[] }[] };
  linux: { maskedPaths: string[] };
}

function configured(): Configuration {
  const { dataDirectory, runDirectory } = agentConfigurationSchema.parse({
    node: 'ap1',
    broker: { url: 'mqtt://127.0.0.1' },
    dataPlane: { host: '10.77.0.2' },
    containerAddresses: { first: '10.77.1.1', last: '10.77.1.9', prefixLength: 16 },
    dataDirectory: '/data',
    runDirectory: '/run/tagalong',
  });
  const spec = containerSpecSchema.parse({
    name: 'web',
    imageDigest: `sha256-${'0'.repeat(64)}`,
    command: ['/bin/server'],
    environment: {},
    workingDirectory: '/',
    user: { uid: 0, gid: 0 },
    hostName: 'web',
    volumes: [{ name: 'pages', target: '/pages', readOnly: false }],
    address: '10.77.1.1',
    prefixLength: 16,
    mac: '02-74-00-00-00-01',
    image: { path: '/srv/web', kind: 'rootfs' },
    pinned: false,
  });
  return ociConfiguration(spec, placeOf({ dataDirectory, runDirectory }, 'web')) as Configuration;
}

test('there is one tmpfs, since each costs a tar and a gzip at both nodes while the container is frozen', (t) => {
  const { mounts, linux } = configured();
  t.deepEqual(
    mounts.filter(({ type }) => type === 'tmpfs').map(({ destination }) => destination),
    ['/dev'],
  );
  // runC covers a hidden directory by a tmpfs, a hidden file by /dev/null
  for (const directory of ['/proc/acpi', '/proc/asound', '/proc/scsi', '/sys/firmware'])
    t.false(linux.maskedPaths.includes(directory), directory);
});

test('shared memory is a directory that all may write to, and the firmware is covered by an empty one', (t) => {
  const { mounts, hooks } = configured();
  t.deepEqual(hooks.createContainer[0]?.args, [
    'mkdir',
    '-p',
    '-m',
    '1777',
    '/data/containers/web/bundle/rootfs/dev/shm',
  ]);
  t.like(
    mounts.find(({ destination }) => destination === '/sys/firmware'),
    { source: '/data/containers/web/bundle/empty', options: ['rbind', 'ro'] },
  );
});
