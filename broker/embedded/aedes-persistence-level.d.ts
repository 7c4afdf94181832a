declare module 'aedes-persistence-level' {
  import type { ClassicLevel } from 'classic-level';
  import type { RetainedStore } from './retainedDocuments.ts';

  /** The package has no types; besides these the result is passed on to aedes as it is. */
  export default function persistence(database: ClassicLevel): RetainedStore;
}
