import type { MessageOf } from '../../broker/contract/topics.ts';
import type { ObservationOf } from './observation.ts';
import { type ContainerPicture, withEntry } from './sitePicture.ts';

/** Folds one node's document about a container: the highest generation wins, equal ones are a conflict. */
export function foldContainer(
  container: ContainerPicture | undefined,
  observation: ObservationOf<'node-container'>,
): ContainerPicture | undefined {
  const documents = withEntry(container?.documents ?? new Map(), observation.node, observation.document);
  const candidates = contenders([...documents.values()]);
  const highest = Math.max(...candidates.map((document) => document.generation));
  const winners = candidates.filter((document) => document.generation === highest);
  // among equals the one that was known stays, so that nothing changes by the order of messages
  const winner = winners.find((document) => document.node === container?.document.node) ?? winners[0];
  if (winner === undefined) return undefined;
  return {
    name: observation.name,
    documents,
    document: winner,
    conflict: winners.length > 1 ? winners.map((document) => document.node).sort() : [],
  };
}

/** A container that is only being made ready (the destination of a migration) does not own its name yet. */
function contenders(documents: MessageOf<'nodeContainer'>[]): MessageOf<'nodeContainer'>[] {
  const made = documents.filter((document) => document.status !== 'creating');
  return made.length > 0 ? made : documents;
}
