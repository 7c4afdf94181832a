import { stat } from 'node:fs/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { ContainerSpec } from '../containers/record.ts';
import { blockedReasons, isOlder } from '../migration/compare.ts';
import type { NodeFacts } from '../migration/facts.ts';
import type { Archive } from './archive.ts';
import { memberNames } from './archiveWriter.ts';

/**
 * Every reason why an archive cannot be restored here: an empty list where it can. The rules of a migration, and one more:
 * CRIU reads what older ones wrote, not what newer ones did.
 *
 * @param facts - of this node
 * @param hasImage - whether this node holds the container's image
 */
export async function reasonsAgainst(
  archive: Archive,
  spec: ContainerSpec,
  facts: NodeFacts,
  hasImage: boolean,
): Promise<TagalongError[]> {
  const { metadata } = archive;
  const source: NodeFacts = {
    ...facts,
    node: metadata.node,
    architecture: metadata.architecture,
    pageSizeBytes: metadata.pageSizeBytes,
    cpuFeatures: metadata.cpuFeatures,
    cgroup: metadata.cgroup,
    criuVersion: metadata.criuVersion,
  };
  // of the programs that wrote it only the version matters now
  delete source.criuProblem;
  delete source.runcProblem;
  const answer = { facts, lacksImage: !hasImage, hasContainer: false, missingBinds: await missingBinds(spec) };
  const { memoryBytes, fileBytes } = metadata;
  const reasons = blockedReasons(source, answer, { container: spec.name, memoryBytes, fileBytes, technique: 'cold' });
  const own = facts.criuVersion ?? '0';
  if (!reasons.some(({ code }) => code === 'criu-missing') && isOlder(own, metadata.criuVersion)) {
    const details = { node: facts.node, version: own, minimum: metadata.criuVersion };
    reasons.push(new TagalongError('criu-too-old', details));
  }
  if (!hasImage && !archive.has(memberNames.image)) {
    const problem = `it does not carry the image of ${spec.image.path} (${spec.imageDigest}), and ${facts.node} does not hold it; run the image there once, or write the checkpoint with its image`;
    reasons.push(new TagalongError('archive-unusable', { file: archive.path, problem }));
  }
  return reasons;
}

async function missingBinds(spec: ContainerSpec): Promise<string[]> {
  const binds = spec.volumes.flatMap(({ bind }) => (bind === undefined ? [] : [bind]));
  const isThere = await Promise.all(
    binds.map((path) =>
      stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      ),
    ),
  );
  return binds.filter((_, index) => !isThere[index]);
}
