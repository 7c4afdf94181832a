import { TagalongError } from '../../broker/contract/errors.ts';

/** Where a container in doubt shall be from now on, as a person decides who knows more than the nodes do. */
export type Keep = 'here' | 'there';

/** Containers of this node that stand still because their destination does not say whether it has them. */
export interface Doubts {
  /** Notes one. `decided` resolves when somebody decides; the destination's own answer may come first. */
  open(container: string): { decided: Promise<Keep>; close(): void };
  /** @throws TagalongError `not-in-doubt` */
  check(container: string): void;
  /** @throws TagalongError `not-in-doubt` */
  decide(container: string, keep: Keep): void;
}

export function makeDoubts(): Doubts {
  const open = new Map<string, PromiseWithResolvers<Keep>>();
  const found = (container: string) => {
    const doubt = open.get(container);
    if (doubt === undefined) throw new TagalongError('not-in-doubt', { container });
    return doubt;
  };
  return {
    open(container) {
      const doubt = Promise.withResolvers<Keep>();
      open.set(container, doubt);
      return {
        decided: doubt.promise,
        close: () => {
          if (open.get(container) === doubt) open.delete(container);
        },
      };
    },
    check: (container) => void found(container),
    decide: (container, keep) => found(container).resolve(keep),
  };
}
