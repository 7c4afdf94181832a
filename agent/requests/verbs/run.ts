import { stat } from 'node:fs/promises';
import { TagalongError } from '../../../broker/contract/errors.ts';
import type { RequestOf } from '../../../broker/contract/requests.ts';
import type { StoredImage } from '../../containers/imageStore.ts';
import { macOf } from '../../containers/place.ts';
import type { ContainerSpec } from '../../containers/record.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';

const defaultEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };

/** Starts a container on this node. */
export function runVerb(node: NodeParts): Handlers['run'] {
  const { configuration, containers, reservations } = node;

  async function check(request: RequestOf<'run'>): Promise<string> {
    reservations.check(request.name);
    await checkVolumes(request, configuration.node);
    await checkImage(request.image, configuration.node);
    return reservations.addressFor(request.address);
  }

  async function start(request: RequestOf<'run'>, address: string): Promise<Record<string, unknown>> {
    try {
      const image = await node.images.importFrom(request.image, configuration.node);
      const record = await containers.start(specOf(request, image, address, configuration));
      return { container: record.spec.name, address, mac: record.spec.mac, generation: record.generation };
    } finally {
      reservations.release(request.name);
    }
  }

  return async (request) => {
    const address = await check(request);
    if (request.dryRun) return { result: { container: request.name, address } };
    reservations.take(request.name, address);
    return { result: { container: request.name, address }, later: start(request, address) };
  };
}

async function checkVolumes(request: RequestOf<'run'>, node: string): Promise<void> {
  for (const { name, bind, target } of request.volumes ?? []) {
    const volume = name ?? bind ?? target;
    if ((name === undefined) === (bind === undefined)) {
      throw new TagalongError('volume-unusable', { volume, problem: 'it needs either a name or a directory to bind' });
    }
    if (bind === undefined) continue;
    const isDirectory = await stat(bind).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isDirectory) throw new TagalongError('bind-missing', { path: bind, node });
  }
}

/** What can be told before the image is unpacked, which may take long. */
async function checkImage(image: string, node: string): Promise<void> {
  const path = image.lastIndexOf(':') > image.lastIndexOf('/') ? image.slice(0, image.lastIndexOf(':')) : image;
  const found = await stat(path).catch(() => undefined);
  if (!image.startsWith('/') || !found?.isDirectory()) {
    const problem = image.startsWith('/') ? 'there is no such directory' : 'the path must be absolute';
    throw new TagalongError('image-not-found', { kind: 'image', path: image, node, problem });
  }
}

function specOf(
  request: RequestOf<'run'>,
  image: StoredImage,
  address: string,
  configuration: NodeParts['configuration'],
): ContainerSpec {
  const command = request.command ?? image.defaults.args;
  if (command === undefined) {
    throw new TagalongError('malformed-request', {
      field: 'command',
      problem: 'the image names no command of its own, so give one',
    });
  }
  const { prefixLength, gateway } = configuration.containerAddresses;
  const ownEnvironment = image.defaults.env.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  const { additionalGids, ...user } = image.defaults.user;
  return {
    name: request.name,
    imageDigest: image.digest,
    image: { kind: image.kind, path: request.image },
    command,
    environment: { ...defaultEnvironment, ...Object.fromEntries(ownEnvironment), ...request.environment },
    workingDirectory: request.workingDirectory ?? image.defaults.cwd,
    user: additionalGids === undefined ? user : { ...user, additionalGids },
    hostName: request.hostName ?? request.name,
    volumes: request.volumes ?? [],
    address,
    prefixLength,
    mac: request.mac ?? macOf(configuration.site, request.name),
    pinned: false,
    ...(gateway === undefined ? {} : { gateway }),
    ...(request.memoryLimitBytes === undefined ? {} : { memoryLimitBytes: request.memoryLimitBytes }),
    ...(request.follows === undefined ? {} : { follows: request.follows }),
  };
}
