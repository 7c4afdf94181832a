import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { badImage } from './badImage.ts';
import type { MessageOf, Shape } from './codec/fields.ts';
import { decodeImage, type Entry } from './image.ts';
import type { MessageKind } from './kind.ts';
import { type ImageName, imageFile, imageKinds, parseImageName } from './kinds.ts';

/** The greatest image that is read as a whole, in bytes. Those of memory and of tmpfs are not read at all. */
const readLimitBytes = 512 * 2 ** 20;

/** The kinds that are made of messages. */
export type MessageKindName = {
  [K in keyof typeof imageKinds]: (typeof imageKinds)[K] extends MessageKind<infer _S, infer _H> ? K : never;
}[keyof typeof imageKinds];

type ShapeOf<K extends MessageKindName> = (typeof imageKinds)[K] extends MessageKind<infer S, infer _H> ? S : Shape;

/** One image of a set. */
export interface SetMember extends ImageName {
  file: string;
  sizeBytes: number;
}

/** The images in a directory. Each is read when it is first asked for. */
export interface ImageSet {
  directory: string;
  /** What has the name of a known kind of image. */
  members: readonly SetMember[];
  has(file: string): boolean;
  /** @throws TagalongError `bad-image` if it is missing */
  sizeOf(file: string): number;
  /** @throws TagalongError `bad-image` if it is missing, no plain file, or too large */
  bytes(file: string): Buffer;
  /** The entries of an image; none if it is missing, as CRIU takes it. @throws TagalongError `bad-image` */
  entries<K extends MessageKindName>(kind: K, id?: number | string): Entry<ShapeOf<K>>[];
  /** The first entry of an image that must be there. @throws TagalongError `bad-image` */
  entry<K extends MessageKindName>(kind: K, id?: number | string): MessageOf<ShapeOf<K>>;
}

/** Lists what must be a directory of plain files. A link or a device under the name of an image could hang who reads it. */
function listFiles(directory: string): Map<string, number> {
  const sizes = new Map<string, number>();
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    throw badImage(directory, 'it is no directory that can be read', error);
  }
  for (const name of names) {
    if (!name.endsWith('.img')) continue;
    const status = lstatSync(join(directory, name), { throwIfNoEntry: false });
    if (status === undefined || !status.isFile()) throw badImage(name, 'it is no plain file');
    sizes.set(name, status.size);
  }
  return sizes;
}

function readPlainFile(directory: string, file: string, limitBytes = readLimitBytes): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(join(directory, file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw badImage(file, 'it cannot be read', error);
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size > limitBytes) throw badImage(file, `its ${size} bytes are more than ${limitBytes}`);
    const bytes = Buffer.allocUnsafe(size);
    const count = readSync(descriptor, bytes, 0, size, 0);
    if (count !== size) throw badImage(file, `only ${count} of its ${size} bytes could be read`);
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Opens the images of a directory.
 *
 * @throws TagalongError `bad-image` if it is no directory, or an image is no plain file
 */
export function openImageSet(directory: string): ImageSet {
  const sizes = listFiles(directory);
  const decoded = new Map<string, Entry[]>();
  const content = new Map<string, Buffer>();
  const members = [...sizes].flatMap(([file, sizeBytes]) => {
    const name = parseImageName(file);
    return name === undefined ? [] : [{ ...name, file, sizeBytes }];
  });
  const bytesOf = (file: string) => {
    const known = content.get(file);
    if (known !== undefined) return known;
    if (!sizes.has(file)) throw badImage(file, `it is missing in ${basename(directory)}`);
    const bytes = readPlainFile(directory, file);
    content.set(file, bytes);
    return bytes;
  };
  const entriesOf = <K extends MessageKindName>(kind: K, id: number | string = ''): Entry<ShapeOf<K>>[] => {
    const file = imageFile(kind, id);
    let entries = decoded.get(file);
    if (entries === undefined) {
      const of = imageKinds[kind] as unknown as MessageKind;
      entries = sizes.has(file) ? decodeImage(of, bytesOf(file), file).entries : [];
      decoded.set(file, entries);
    }
    return entries as Entry<ShapeOf<K>>[];
  };
  return {
    directory,
    members,
    has: (file) => sizes.has(file),
    sizeOf(file) {
      const size = sizes.get(file);
      if (size === undefined) throw badImage(file, `it is missing in ${basename(directory)}`);
      return size;
    },
    bytes: bytesOf,
    entries: entriesOf,
    entry(kind, id = '') {
      const file = imageFile(kind, id);
      bytesOf(file);
      const [first] = entriesOf(kind, id);
      if (first === undefined) throw badImage(file, 'it has no entry');
      return first.message;
    },
  };
}
