import type { MessageOf } from '../../broker/contract/topics.ts';
import { type ContainerPicture, isReachable, type NodePicture, type SitePicture } from '../picture/sitePicture.ts';

export interface Candidate {
  node: string;
  eligible: boolean;
  reasons: string[];
}

/** Every node of the site as a destination for a container, with what speaks against it; sorted by name. */
export function candidatesFor(
  picture: SitePicture,
  container: ContainerPicture,
  /** Places taken by moves that were decided but cannot be seen yet, by node. */
  reserved: ReadonlyMap<string, number>,
): Candidate[] {
  return [...picture.nodes.values()]
    .map((node) => {
      const reasons = blockedReasons(picture, container, node, reserved.get(node.node) ?? 0);
      return { node: node.node, eligible: reasons.length === 0, reasons };
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** How many containers a node has or is about to get. */
export function occupancy(picture: SitePicture, node: string, reserved: number): number {
  const names = new Set<string>();
  for (const { name, documents } of picture.containers.values()) if (documents.has(node)) names.add(name);
  for (const { document, endedAtMs } of picture.migrations.values())
    if (document.to === node && endedAtMs === undefined) names.add(document.container);
  return names.size + reserved;
}

function blockedReasons(
  picture: SitePicture,
  container: ContainerPicture,
  node: NodePicture,
  reserved: number,
): string[] {
  if (container.document.node === node.node) return ['same-node'];
  const reasons: string[] = [];
  if (!isReachable(node)) reasons.push('node-offline');
  if (node.state?.status === 'draining') reasons.push('node-draining');
  if (node.info === undefined) return [...reasons, 'unknown-node'];
  if (occupancy(picture, node.node, reserved) >= node.info.maxContainers) reasons.push('node-full');
  const source = picture.nodes.get(container.document.node)?.info;
  return [...reasons, ...incompatibilities(source, node.info)];
}

/** What the birth certificates alone tell; the agents compare more before anything stops. */
function incompatibilities(source: MessageOf<'nodeInfo'> | undefined, destination: MessageOf<'nodeInfo'>): string[] {
  const reasons: string[] = [];
  for (const info of source ? [source, destination] : [destination]) {
    if (info.capabilities['criu']?.available === false || info.criuVersion === undefined) reasons.push('criu-missing');
    if (info.capabilities['runc']?.available === false || info.runcVersion === undefined) reasons.push('runc-missing');
  }
  if (source && source.architecture !== destination.architecture) reasons.push('architecture-mismatch');
  if (source && source.pageSizeBytes !== destination.pageSizeBytes) reasons.push('page-size-mismatch');
  if (source && source.cgroup !== destination.cgroup) reasons.push('cgroup-mismatch');
  return [...new Set(reasons)];
}
