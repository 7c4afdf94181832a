import type { RequestOf } from '../../../broker/contract/requests.ts';
import { type Archive, openArchive } from '../../checkpoints/archive.ts';
import { reasonsAgainst } from '../../checkpoints/blocked.ts';
import { keepsConnections } from '../../checkpoints/restore.ts';
import { macOf } from '../../containers/place.ts';
import type { ContainerSpec } from '../../containers/record.ts';
import { BlockedError, type Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';

/** Starts a container from a standing checkpoint on this node. */
export function restoreVerb(node: NodeParts): Handlers['restore'] {
  const { reservations } = node;

  async function start(archive: Archive, spec: ContainerSpec, said: Record<string, unknown>) {
    try {
      const record = await node.checkpoints.restore({ archive, spec });
      await node.published();
      return { ...said, generation: record.generation };
    } finally {
      reservations.release(spec.name);
      await archive.close();
    }
  }

  return async (request) => {
    const archive = await openArchive(request.file);
    try {
      const spec = specOf(node, archive, request);
      reservations.check(spec.name);
      reservations.addressFor(spec.address);
      const hasImage = await node.images.has(spec.imageDigest);
      const [first, ...others] = await reasonsAgainst(archive, spec, await node.facts(), hasImage);
      if (first !== undefined) throw new BlockedError([first, ...others]);
      const result = {
        container: spec.name,
        address: spec.address,
        mac: spec.mac,
        connectionsKept: keepsConnections({ archive, spec }),
        createdAt: archive.metadata.createdAt,
      };
      if (request.dryRun) {
        await archive.close();
        return { result };
      }
      reservations.addressFor(spec.address); // it may have been taken meanwhile
      reservations.take(spec.name, spec.address);
      return { result, later: start(archive, spec, result) };
    } catch (error) {
      await archive.close();
      throw error;
    }
  };
}

/** The container as it will be: under another name it is another neighbour on the network too. */
function specOf(node: NodeParts, archive: Archive, request: RequestOf<'restore'>): ContainerSpec {
  const { spec } = archive.metadata;
  const { name = spec.name, address = spec.address } = request;
  const mac = name === spec.name ? spec.mac : macOf(node.configuration.site, name);
  return { ...spec, name, address, mac };
}
