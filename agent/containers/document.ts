import type { DraftOf } from '../../broker/contract/topics.ts';
import type { ContainerRecord } from './record.ts';

/** The retained document of one container, pure. */
export function containerDocument(
  record: ContainerRecord,
  node: string,
  more: {
    migration?: string;
    memoryBytes?: number;
    prepared?: NonNullable<DraftOf<'nodeContainer'>['prepared']>;
  } = {},
): DraftOf<'nodeContainer'> {
  const { spec } = record;
  return {
    name: spec.name,
    node,
    generation: record.generation,
    status: record.status,
    image: { ...spec.image, digest: spec.imageDigest },
    address: spec.address,
    mac: spec.mac,
    pinned: spec.pinned,
    since: record.since,
    ...(spec.memoryLimitBytes === undefined ? {} : { memoryLimitBytes: spec.memoryLimitBytes }),
    ...(spec.follows === undefined ? {} : { follows: spec.follows }),
    ...(record.error === undefined ? {} : { error: record.error }),
    ...(more.migration === undefined ? {} : { migration: more.migration }),
    ...(more.prepared === undefined || more.prepared.length === 0 ? {} : { prepared: more.prepared }),
    ...(more.memoryBytes === undefined ? {} : { memoryBytes: more.memoryBytes }),
  };
}
