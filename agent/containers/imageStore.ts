import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Streaming } from '../../host/command.ts';
import { run } from '../../host/command.ts';
import { readJson, syncDirectory } from '../../host/files.ts';
import { thisNode } from '../channel/server.ts';
import { digestTree } from '../files/manifest.ts';
import { feed, packTree, unpackInto } from '../files/tar.ts';

/** The part of a bundle's or an image's configuration that gives a container its defaults. */
const processSchema = z.object({
  args: z.array(z.string()).min(1).optional(),
  env: z.array(z.string()).default([]),
  cwd: z.string().default('/'),
  user: z
    .object({ uid: z.int(), gid: z.int(), additionalGids: z.array(z.int()).optional() })
    .default({ uid: 0, gid: 0 }),
});
const bundleSchema = z.object({
  process: processSchema.optional(),
  root: z.object({ path: z.string() }).default({ path: 'rootfs' }),
});

export type ImageKind = 'bundle' | 'oci' | 'rootfs';
export type ProcessDefaults = z.output<typeof processSchema>;

export interface StoredImage {
  digest: string;
  kind: ImageKind;
  defaults: ProcessDefaults;
}

/**
 * The root file systems that this node holds, by the digest of their content: containers share them as the lower layer of
 * their overlay, and they are never written to.
 */
export interface ImageStore {
  /** Takes in an OCI bundle, an OCI image layout (`path:tag`) or a root file system, recognised by its content. */
  importFrom(path: string, node: string): Promise<StoredImage>;
  has(digest: string): Promise<boolean>;
  rootFileSystem(digest: string): string;
  /** The image as a tar stream. */
  send(digest: string): Pick<Streaming, 'output' | 'done' | 'stop'>;
  /** Takes in a tar stream; kept only if its content has this very digest. */
  receive(digest: string, input: Readable): Promise<void>;
}

/** @param directory - on a disk; made when it is missing */
export function makeImageStore(directory: string): ImageStore {
  const placeOf = (digest: string) => join(directory, digest);
  const rootFileSystem = (digest: string) => join(placeOf(digest), 'rootfs');
  const has = (digest: string) =>
    stat(rootFileSystem(digest)).then(
      (found) => found.isDirectory(),
      () => false,
    );

  /** Moves a finished draft to its place; another that was quicker is as good. */
  async function keep(draft: string, digest: string): Promise<void> {
    if (await has(digest)) return;
    await rename(draft, placeOf(digest)).catch(async (error: unknown) => {
      if (!(await has(digest))) throw error;
    });
    await syncDirectory(directory);
  }

  async function drafted<T>(work: (draft: string) => Promise<T>): Promise<T> {
    const draft = join(directory, `.draft-${randomUUID()}`);
    await mkdir(draft, { recursive: true });
    try {
      return await work(draft);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  return {
    has,
    rootFileSystem,
    importFrom: (path, node) =>
      drafted(async (draft) => {
        const { kind, defaults } = await unpack(path, draft, node);
        const digest = await digestTree(join(draft, 'rootfs'));
        await keep(draft, digest);
        return { digest, kind, defaults };
      }),
    send(digest) {
      return packTree(rootFileSystem(digest));
    },
    receive: (digest, input) =>
      drafted(async (draft) => {
        const top = join(draft, 'rootfs');
        await mkdir(top);
        const tar = unpackInto(top);
        await feed(input, tar);
        const found = await digestTree(top);
        if (found !== digest) {
          throw new TagalongError('transfer-failed', {
            node: thisNode,
            problem: `image ${digest} arrived as ${found}`,
          });
        }
        await keep(draft, digest);
      }),
  };
}

async function unpack(
  path: string,
  draft: string,
  node: string,
): Promise<{ kind: ImageKind; defaults: ProcessDefaults }> {
  const refuse = (kind: string, problem: string, cause?: unknown) =>
    new TagalongError('image-not-found', { kind, path, problem, node }, cause);
  if (!path.startsWith('/')) throw refuse('image', 'the path must be absolute');
  const [layout, tag] = splitTag(path);
  if (await isFile(join(layout, 'oci-layout'))) {
    const bundle = join(draft, 'unpacked');
    await run('umoci', ['unpack', '--image', `${layout}:${tag ?? 'latest'}`, bundle], { timeoutMs: 600_000 }).catch(
      (error: unknown) => {
        throw refuse('OCI image layout', error instanceof Error ? error.message : String(error), error);
      },
    );
    await rename(join(bundle, 'rootfs'), join(draft, 'rootfs'));
    const defaults = await readDefaults(join(bundle, 'config.json'));
    await rm(bundle, { recursive: true });
    return { kind: 'oci', defaults };
  }
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw refuse('image', 'there is no such directory');
  if (await isFile(join(path, 'config.json'))) {
    const bundle = await readJson(join(path, 'config.json'), bundleSchema);
    const top = resolve(path, bundle?.root.path ?? 'rootfs');
    if (!(await isDirectory(top))) throw refuse('OCI bundle', `its root file system ${top} is missing`);
    await copyTree(top, join(draft, 'rootfs'));
    return { kind: 'bundle', defaults: bundle?.process ?? processSchema.parse({}) };
  }
  const looksLikeRoot = await Promise.all(['bin', 'usr', 'sbin', 'etc', 'lib'].map((name) => exists(join(path, name))));
  if (!looksLikeRoot.includes(true)) {
    throw refuse('image', 'it holds neither config.json nor oci-layout nor the directories of a root file system');
  }
  await copyTree(path, join(draft, 'rootfs'));
  return { kind: 'rootfs', defaults: processSchema.parse({}) };
}

/** `/path/of/layout:tag`; a colon before the last slash belongs to the path. */
function splitTag(path: string): [string, string | undefined] {
  const colon = path.lastIndexOf(':');
  return colon > path.lastIndexOf('/') ? [path.slice(0, colon), path.slice(colon + 1)] : [path, undefined];
}

async function readDefaults(file: string): Promise<ProcessDefaults> {
  return (await readJson(file, bundleSchema))?.process ?? processSchema.parse({});
}

/** `cp` keeps hard links, owners, times and extended attributes, and shares blocks where the file system can. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run('cp', ['--archive', '--one-file-system', '--reflink=auto', `${from}/.`, to], { timeoutMs: 600_000 });
}

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );
const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
const isDirectory = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
