import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { broken } from '../channel/records.ts';
import { openPageStore, type PageRun, type PageStore } from './pageStore.ts';

/**
 * Which state of a container's memory two nodes both have. Each round that the destination has taken in whole raises the
 * sequence on both sides; where the two differ, neither is trusted and everything is sent anew.
 */
export const baseIdentitySchema = z.object({ id: z.uuid(), sequence: z.int().nonnegative() });
export type BaseIdentity = z.output<typeof baseIdentitySchema>;

const baseFileSchema = baseIdentitySchema.extend({ pageBytes: z.int().positive(), usedAt: z.number() });

export interface Base {
  readonly container: string;
  readonly store: PageStore;
  readonly identity: BaseIdentity;
  /**
   * Before this node writes to it what the other one may not take in: until {@link advance} or {@link undo} a crash makes it
   * worthless, so that no difference goes unseen.
   */
  begin(): void;
  /** Notes that both nodes have taken in one more round. @throws TagalongError `bug` where it was dropped or released */
  advance(): void;
  /**
   * Notes that what the other node may have of these runs is not known any more, and that all else is as before. Where it was
   * dropped or released nothing is left to note.
   */
  undo(runs: readonly PageRun[]): void;
}

/**
 * The right to write to a base what comes from elsewhere. A later one takes it away: what an earlier connection still brings
 * must not be written over what a newer one has brought.
 */
export interface Claim {
  /** @throws TagalongError `transfer-failed` where it was taken away */
  check(): void;
  end(): void;
}

/** What this node keeps of the memory of containers that are elsewhere, or are here and known elsewhere. */
export interface Bases {
  identityOf(container: string): BaseIdentity | undefined;
  /** @returns undefined where there is none of this very identity */
  open(container: string, identity: BaseIdentity): Base | undefined;
  /** Makes an empty one in place of what there was. */
  create(container: string, id: string): Base;
  /** Closes it here, since another process works on it now; {@link open} reads it anew. */
  release(container: string): void;
  drop(container: string): void;
  claim(container: string): Claim;
  /**
   * Removes the least recently used ones until all are within the quota.
   * @param inUse - are never removed, nor are those that somebody has begun to write to or claims
   */
  trim(inUse: ReadonlySet<string>): void;
  close(): void;
}

/** @param directory - on a tmpfs */
export function openBases(directory: string, pageBytes: number, quotaBytes: number): Bases {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const opened = new Map<string, Base>();
  const begun = new Set<string>();
  const claims = new Map<string, object>();
  const place = (container: string) => join(directory, container);
  const fileOf = (container: string) => join(place(container), 'base.json');

  function readFile(container: string): z.output<typeof baseFileSchema> | undefined {
    try {
      const checked = baseFileSchema.safeParse(JSON.parse(readFileSync(fileOf(container), 'utf8')));
      return checked.success && checked.data.pageBytes === pageBytes ? checked.data : undefined;
    } catch {
      return undefined;
    }
  }

  function write(container: string, identity: BaseIdentity): void {
    const path = fileOf(container);
    const text = JSON.stringify({ ...identity, pageBytes, usedAt: Date.now() });
    writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  }

  function hold(container: string, first: BaseIdentity): Base {
    let identity = first;
    const base: Base = {
      container,
      store: openPageStore(place(container), pageBytes),
      get identity() {
        return identity;
      },
      begin() {
        checkHeld();
        begun.add(container);
        claims.delete(container);
        rmSync(fileOf(container), { force: true });
      },
      undo(runs) {
        if (!isHeld()) return;
        for (const run of runs) base.store.forget(run);
        begun.delete(container);
        write(container, identity);
      },
      advance() {
        checkHeld();
        identity = { ...identity, sequence: identity.sequence + 1 };
        begun.delete(container);
        write(container, identity);
      },
    };
    const isHeld = () => opened.get(container) === base;
    // another one may be in its place by now, whose identity is not this one's to change
    const checkHeld = () => {
      if (!isHeld())
        throw new TagalongError('bug', { problem: `a base of ${container} is used that is none any more` });
    };
    opened.set(container, base);
    return base;
  }

  function release(container: string): void {
    opened.get(container)?.store.close();
    opened.delete(container);
    begun.delete(container);
  }

  function drop(container: string): void {
    release(container);
    rmSync(place(container), { recursive: true, force: true });
  }

  return {
    identityOf(container) {
      const held = opened.get(container)?.identity ?? readFile(container);
      return held === undefined ? undefined : { id: held.id, sequence: held.sequence };
    },
    open(container, identity) {
      const held = opened.get(container);
      const known = held?.identity ?? readFile(container);
      if (known?.id !== identity.id || known.sequence !== identity.sequence) return undefined;
      try {
        return held ?? hold(container, identity);
      } catch {
        drop(container); // a damaged one is worth nothing
        return undefined;
      }
    },
    create(container, id) {
      drop(container);
      mkdirSync(place(container), { recursive: true, mode: 0o700 });
      const identity = { id, sequence: 0 };
      write(container, identity);
      return hold(container, identity);
    },
    release,
    drop,
    claim(container) {
      const own = {};
      claims.set(container, own);
      return {
        check() {
          if (claims.get(container) !== own) throw broken('a newer one has begun');
        },
        end() {
          if (claims.get(container) === own) claims.delete(container);
        },
      };
    },
    trim(used) {
      const inUse = new Set([...used, ...begun, ...claims.keys()]);
      const kept = readdirSync(directory).flatMap((container) => {
        const file = readFile(container);
        if (file === undefined && !inUse.has(container)) drop(container);
        return file === undefined ? [] : [{ container, usedAt: file.usedAt, sizeBytes: sizeOf(place(container)) }];
      });
      let total = kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      for (const { container, sizeBytes } of kept.sort((a, b) => a.usedAt - b.usedAt)) {
        if (total <= quotaBytes) return;
        if (inUse.has(container)) continue;
        drop(container);
        total -= sizeBytes;
      }
    },
    close() {
      for (const container of [...opened.keys()]) release(container);
    },
  };
}

function sizeOf(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
