import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { checkImageSet } from '../../../agent/images/checkSet.ts';
import { checkImage, decodeImage, encodeImage } from '../../../agent/images/image.ts';
import type { MessageKind } from '../../../agent/images/kind.ts';
import { imageFile, imageKinds, kindNamed, parseImageName } from '../../../agent/images/kinds.ts';
import { readPagemap, writePagemap } from '../../../agent/images/pagemap.ts';
import { summarizeImages } from '../../../agent/images/summary/summary.ts';
import { TagalongError } from '../../../broker/contract/errors.ts';
import { runCommandLine } from '../../../cli/commandLine.ts';
import { makeRecorder } from '../../cli/support/recorder.ts';
import { makeRealImages, type RealImages } from './support/realImages.ts';

let images: RealImages;

test.before(async (t) => {
  t.timeout(180_000);
  images = await makeRealImages(`t${process.pid}-images`, ['sockets', 'files', 'events', 'memory', 'processes']);
});

test.after.always(async () => {
  await images?.remove();
});

/** The images that are made of messages. */
function messageImages(): { file: string; kind: MessageKind; bytes: Buffer }[] {
  return readdirSync(images.directory).flatMap((file) => {
    const name = parseImageName(file);
    const kind = name === undefined ? undefined : kindNamed(name.kind);
    return kind?.form === 'messages' ? [{ file, kind, bytes: readFileSync(join(images.directory, file)) }] : [];
  });
}

function bytesOf(file: string): Buffer {
  return readFileSync(join(images.directory, file));
}

/** Runs something on images that may be bad: it ends well or tells of a bad image. @returns the problem, if any */
function problemOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof TagalongError && error.code === 'bad-image')
      return `${error.details['file']}: ${error.details['problem']}`;
    throw error;
  }
  return undefined;
}

test('every image of a real dump is known, and is the same, byte by byte, once decoded and encoded', (t) => {
  const all = messageImages();
  for (const { file, kind, bytes } of all) {
    const image = decodeImage(kind, bytes, file);
    t.true(encodeImage(kind, image).equals(bytes), file);
    const name = parseImageName(file);
    t.is(name === undefined ? '' : imageFile(name.kind, name.id), file);
    t.false(
      JSON.stringify(image, (_, value) => (typeof value === 'bigint' ? String(value) : value)).includes('$unknown'),
      `${file} has fields that are not in the tables`,
    );
  }
  t.deepEqual(
    readdirSync(images.directory).filter((file) => file.endsWith('.img') && parseImageName(file) === undefined),
    [],
  );
  const kinds = new Set(all.map(({ file }) => parseImageName(file)?.kind));
  for (const kind of [
    'inventory',
    'core',
    'mm',
    'files',
    'tcp-stream',
    'sk-queues',
    'pipes-data',
    'ghost-file',
  ] as const)
    t.true(kinds.has(kind), `${kind} is among them`);
});

test('a pagemap that is read and written is the same', (t) => {
  const files = readdirSync(images.directory).filter((file) => file.startsWith('pagemap-'));
  t.true(files.length >= 3);
  for (const file of files) t.true(writePagemap(readPagemap(bytesOf(file))).equals(bytesOf(file)), file);
});

test('a field that is newer than the tables is kept', (t) => {
  const { entries } = decodeImage(imageKinds.inventory, bytesOf('inventory.img'), 'inventory.img');
  const content = Buffer.from(imageKinds.inventory.entry.encode(entries[0]?.message ?? { imgVersion: 0 }));
  const newer = Buffer.concat([content, Buffer.from([0xf8, 0x07, 42])]);
  const image = Buffer.concat([bytesOf('inventory.img').subarray(0, 4), Buffer.from([newer.length, 0, 0, 0]), newer]);
  const decoded = decodeImage(imageKinds.inventory, image, 'inventory.img');
  t.true(encodeImage(imageKinds.inventory, decoded).equals(image));
});

test('the set is accepted', (t) => {
  t.is(
    problemOf(() => checkImageSet(images.directory)),
    undefined,
  );
});

test('inspecting tells of the processes, their memory, files and sockets', (t) => {
  const { processes, totalBytes, inventory } = summarizeImages(images.directory);
  t.is(inventory.imageVersion, 2);
  t.deepEqual(
    processes.map(({ name, state }) => `${name} ${state}`),
    ['python3 running', 'perl running', 'python3 running', 'python3 dead'],
  );
  const [first, perl] = processes;
  t.is(first?.threads, 3);
  const names = first?.openFiles.map(({ name }) => name) ?? [];
  for (const name of ['/work/plain', '/work/deleted', 'eventfd', 'epoll', 'timerfd'])
    t.true(names.includes(name), name);
  const sockets = first?.openFiles.flatMap(({ socket }) => (socket === undefined ? [] : [socket])) ?? [];
  t.is(sockets.filter(({ family, state }) => family === 'ipv4' && state === 'established').length, 2);
  t.true(sockets.some(({ local, state }) => local === '/run/listening.socket' && state === 'listening'));
  t.true(sockets.some(({ local }) => local === '@abstract@name'));
  t.true(sockets.some(({ local }) => local?.startsWith('[::1]:')));
  const mapped = perl?.mappings.find(({ name, permissions }) => name === '/work/mapped' && permissions === 'rw-p');
  t.like(mapped, { sizeBytes: 3 * 4096, dumpedBytes: 4096 });
  for (const { memory, state } of processes) t.is(memory.dumpedBytes > 0, state !== 'dead');
  const dumped = processes.reduce((sum, { memory }) => sum + memory.dumpedBytes, 0);
  t.true(dumped < totalBytes);
});

test('the command prints tables, and the same as JSON', async (t) => {
  const tables = makeRecorder();
  t.is(await runCommandLine(['inspect', images.directory], tables.terminal), 0);
  t.regex(tables.output(), / 1 +0 +python3 +running +3 /);
  t.regex(tables.output(), /ipv4 +tcp +established +127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+/);
  t.regex(tables.output(), /\[heap\]/);
  const json = makeRecorder();
  t.is(await runCommandLine(['inspect', images.directory, '--json'], json.terminal), 0);
  t.deepEqual(JSON.parse(json.output()), JSON.parse(JSON.stringify(summarizeImages(images.directory))));
  const nowhere = makeRecorder();
  t.is(await runCommandLine(['inspect', '/nowhere'], nowhere.terminal), 1);
  t.regex(nowhere.errors(), /there is no inventory\.img in it/);
});

test('with any bit flipped, an image is decoded or is a bad image, and the check says the same', (t) => {
  const all = messageImages();
  const total = all.reduce((sum, { bytes }) => sum + bytes.length, 0);
  fc.assert(
    fc.property(fc.nat({ max: total - 1 }), fc.nat({ max: 7 }), (position, bit) => {
      let offset = position;
      const hit = all.find(({ bytes }) => {
        if (offset < bytes.length) return true;
        offset -= bytes.length;
        return false;
      });
      if (hit === undefined) return;
      const bytes = Buffer.from(hit.bytes);
      bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
      t.is(
        problemOf(() => checkImage(hit.kind, bytes, hit.file)),
        problemOf(() => decodeImage(hit.kind, bytes, hit.file)),
      );
    }),
    { numRuns: 2000 },
  );
});

test('cut off within its last entry, an image is a bad image', (t) => {
  for (const { file, kind, bytes } of messageImages()) {
    for (const cut of [1, 2, 3]) {
      const rest = bytes.subarray(0, bytes.length - cut);
      // a deleted file is as long as its image
      if (file.startsWith('ghost-file')) continue;
      t.regex(problemOf(() => checkImage(kind, rest, file)) ?? '', new RegExp(`^${file}: `));
    }
    t.regex(problemOf(() => checkImage(kind, bytes.subarray(0, 6), file)) ?? '', /./);
  }
});

test('a damaged set is accepted or refused, never more than that', async (t) => {
  t.timeout(120_000);
  const all = messageImages();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...all),
      fc.nat(),
      fc.nat({ max: 7 }),
      fc.boolean(),
      async (image, at, bit, cut) => {
        const position = at % image.bytes.length;
        const bytes = Buffer.from(cut ? image.bytes.subarray(0, position) : image.bytes);
        if (!cut) bytes[position] = (bytes[position] ?? 0) ^ (1 << bit);
        const directory = await images.variant({ [image.file]: bytes });
        problemOf(() => summarizeImages(directory));
        const problem = problemOf(() => checkImageSet(directory));
        if (cut && position < 8) t.not(problem, undefined);
        await rm(directory, { recursive: true });
      },
    ),
    { numRuns: 150 },
  );
  t.is(
    problemOf(() => checkImageSet(images.directory)),
    undefined,
  );
});

/** An image with its first entry changed. */
function altered(file: string, change: (message: Record<string, unknown>) => void): Record<string, Buffer> {
  const name = parseImageName(file);
  const kind = kindNamed(name?.kind ?? 'inventory') as MessageKind;
  const image = decodeImage(kind, bytesOf(file), file);
  change(image.entries[0]?.message as Record<string, unknown>);
  return { [file]: encodeImage(kind, image) };
}

function alteredPagemap(change: (pagemap: ReturnType<typeof readPagemap>) => void): Record<string, Buffer> {
  const pagemap = readPagemap(bytesOf('pagemap-1.img'));
  change(pagemap);
  return { 'pagemap-1.img': writePagemap(pagemap) };
}

test('what does not fit together is refused, with what and why', async (t) => {
  const first = (pagemap: ReturnType<typeof readPagemap>) => pagemap.entries[0] ?? t.fail();
  const cases: [Record<string, Buffer | null>, RegExp][] = [
    [{ 'inventory.img': null }, /inventory\.img: it is missing/],
    [altered('inventory.img', (message) => Object.assign(message, { imgVersion: 3 })), /version 3 instead of 2/],
    [{ 'pstree.img': bytesOf('inventory.img') }, /pstree\.img: its magic is 0x58313116 instead of 0x54564319/],
    [altered('pstree.img', (message) => Object.assign(message, { pid: 500 })), /is not before it|core-500\.img/],
    [{ 'core-1.img': null }, /core-1\.img: it is missing/],
    [altered('core-1.img', (message) => Object.assign(message, { mtype: 3 })), /architectures|no registers of aarch64/],
    [{ 'mm-1.img': null }, /mm-1\.img: it is missing/],
    [altered('mm-1.img', (message) => Object.assign(message, { exeFileId: 9999 })), /no file 9999 to execute/],
    [{ 'pagemap-1.img': null }, /pagemap-1\.img: it is missing/],
    [alteredPagemap((pagemap) => Object.assign(first(pagemap), { address: 4097 })), /not at the start of a page/],
    [alteredPagemap((pagemap) => Object.assign(first(pagemap), { address: 4096 })), /outside of all mappings/],
    [alteredPagemap((pagemap) => pagemap.entries.reverse()), /not behind the one before it/],
    [alteredPagemap((pagemap) => Object.assign(first(pagemap), { present: false })), /neither here nor in the parent/],
    [alteredPagemap((pagemap) => pagemap.entries.pop()), /pages-\d+\.img: it has \d+ bytes/],
    [
      alteredPagemap((pagemap) => Object.assign(first(pagemap), { present: false, inParent: true })),
      /parent that is not there|it has \d+ bytes/,
    ],
    [{ 'pages-2.img': Buffer.alloc(4096) }, /pages-2\.img: it has 4096 bytes/],
    [{ 'ghost-file-1.img': null }, /ghost-file-1\.img: it is missing/],
    [
      altered('files.img', (message) =>
        Object.assign(message['reg'] as object, { name: Buffer.from('/usr/../../etc/shadow') }),
      ),
      /leads out of its directory: \/usr\/\.\.\/\.\.\/etc\/shadow/,
    ],
    [altered('fs-1.img', (message) => Object.assign(message, { cwdId: 9999 })), /fs-1\.img: there is no file 9999/],
  ];
  for (const [changes, expected] of cases) {
    const directory = await images.variant(changes);
    t.regex(problemOf(() => checkImageSet(directory)) ?? 'accepted', expected);
  }
});

test('a link, a directory or a pipe is not taken for an image', async (t) => {
  const directory = await images.variant({ 'pages-1.img': null });
  await symlink('/dev/zero', join(directory, 'pages-1.img'));
  t.regex(problemOf(() => checkImageSet(directory)) ?? '', /pages-1\.img: it is no plain file/);
});

/** Moves half of the pages of process 1 from a set into its parent: the original set is that parent. */
async function incremental(parent: string): Promise<string> {
  const pagemap = readPagemap(bytesOf('pagemap-1.img'));
  const pages = bytesOf(`pages-${pagemap.pagesId}.img`);
  const kept: Buffer[] = [];
  let at = 0;
  for (const [index, entry] of pagemap.entries.entries()) {
    const bytes = pages.subarray(at, at + entry.pages * 4096);
    at += bytes.length;
    if (index % 2 === 0) kept.push(bytes);
    else Object.assign(entry, { present: false, inParent: true });
  }
  const child = await images.variant({
    'pagemap-1.img': writePagemap(pagemap),
    [`pages-${pagemap.pagesId}.img`]: Buffer.concat(kept),
  });
  await symlink(parent, join(child, 'parent'));
  return child;
}

test('a set that builds upon another is accepted as long as the other is there', async (t) => {
  const child = await incremental(`../${basename(images.directory)}`);
  t.is(
    problemOf(() => checkImageSet(child)),
    undefined,
  );
  const { processes, parents } = summarizeImages(child);
  t.is(parents.length, 1);
  t.true((processes[0]?.memory.inParentBytes ?? 0) > 0);

  const withoutPagemap = await images.variant({ 'pagemap-1.img': null });
  const orphan = await incremental(`../${basename(withoutPagemap)}`);
  t.regex(problemOf(() => checkImageSet(orphan)) ?? '', /in a parent that is not there/);
  const loose = await incremental('../nowhere');
  t.regex(problemOf(() => checkImageSet(loose)) ?? '', /parent: it leads to \.\.\/nowhere/);
  const far = await incremental('/etc');
  t.regex(problemOf(() => checkImageSet(far)) ?? '', /parent: it leads out of/);
  const endless = await incremental('.');
  t.regex(problemOf(() => checkImageSet(endless)) ?? '', /without end|in a parent/);
});

test('the directory of a checkpoint is looked into', async (t) => {
  const archive = join(dirname(images.directory), 'archive');
  await mkdir(archive);
  await rename(await images.variant({}), join(archive, 'checkpoint'));
  await writeFile(join(archive, 'checkpoint', 'dump.log'), '(00.000031) Version: 4.2.1 (gitid 0)\n');
  const { directory, inventory } = summarizeImages(archive);
  t.is(directory, join(archive, 'checkpoint'));
  t.is(inventory.criuVersion, '4.2.1');
  const empty = join(archive, 'empty');
  await mkdir(empty);
  t.regex(problemOf(() => summarizeImages(empty)) ?? '', /there is no inventory\.img in it/);
});
