declare module 'aedes-persistence-level' {
  import type { ClassicLevel } from 'classic-level';

  /** The package has no types; the result is passed on to aedes as it is. */
  export default function persistence(database: ClassicLevel): object;
}
