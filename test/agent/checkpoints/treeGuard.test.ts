import { join } from 'node:path';
import test from 'ava';
import { openArchive } from '../../../agent/checkpoints/archive.ts';
import { readTarEntries } from '../../../agent/checkpoints/tarEntries.ts';
import { encodeHeader } from '../../../agent/checkpoints/tarHeader.ts';
import { problemOf, room, stateTar, tarBy, writeArchive } from './support/archives.ts';

const entriesOf = async (tar: Buffer) =>
  Array.fromAsync(
    readTarEntries(
      async (offset, length) => tar.subarray(offset, offset + length),
      tar.length,
      (problem) => new Error(problem),
    ),
  );

const long = 'a'.repeat(120);

test('the entries are those that tar itself lists, with what only its extended headers say', async (t) => {
  const top = await room(t);
  const tar = await tarBy(
    top,
    `mkdir -p upper/${long}/${long} && cd upper && truncate -s 10M sparse && echo end >>sparse && ln sparse hard
ln -s /etc/passwd ${long}/link && mknod gone c 0 0 && mknod disk b 8 0 && mkfifo fifo && echo x >'with space'
setfattr -n user.note -v x gone 2>/dev/null || true; cd .. && $TAR -c .`,
  );
  const entries = await entriesOf(tar);
  const kinds = Object.fromEntries(
    entries.map(({ path, type, target }) => [path, target === '' ? type : `${type} ${target}`]),
  );
  t.deepEqual(kinds, {
    './': 'directory',
    './upper/': 'directory',
    [`./upper/${long}/`]: 'directory',
    [`./upper/${long}/${long}/`]: 'directory',
    [`./upper/${long}/link`]: 'link /etc/passwd',
    './upper/gone': 'device',
    './upper/disk': 'device',
    './upper/fifo': 'fifo',
    './upper/with space': 'file',
    // the first that tar met is the file
    ...(kinds['./upper/sparse'] === 'file'
      ? { './upper/sparse': 'file', './upper/hard': 'hard-link ./upper/sparse' }
      : { './upper/hard': 'file', './upper/sparse': 'hard-link ./upper/hard' }),
  });
  t.deepEqual(
    entries.filter(({ isWhiteout }) => isWhiteout).map(({ path }) => path),
    ['./upper/gone'],
  );
});

/** Scripts that make trees which must not be unpacked, and what is said of them. */
const hostile: [string, string, RegExp][] = [
  ['a path upwards', 'touch x; $TAR -c -P --transform="s,x,upper/../../evil," x', /leaves its directory/],
  ['an absolute path', 'touch x; $TAR -c -P --transform="s,x,/etc/evil," x', /leaves its directory/],
  [
    'a long path upwards',
    `touch x; $TAR -c -P --transform="s,x,upper/${long}/../../../evil," x`,
    /leaves its directory/,
  ],
  ['a file beside the parts', 'touch record.json; $TAR -c record.json', /nothing that a container has/],
  ['a volume that the container lacks', 'mkdir -p volumes/x; touch volumes/x/y; $TAR -c volumes/x/y', /nothing that a/],
  ['a link in the place of a part', 'ln -s /etc upper; $TAR -c upper', /nothing that a container has/],
  ['a link in the place of a volume', 'mkdir volumes; ln -s /etc volumes/data; $TAR -c .', /nothing that a container/],
  [
    'a link in the place of the log',
    'mkdir log; ln -s /etc/passwd log/output.log; $TAR -c .',
    /nothing that a container/,
  ],
  [
    'a path through a link',
    'mkdir upper; ln -s /etc upper/a; touch x; $TAR -c upper x --transform="s,^x,upper/a/evil,"',
    /through a link/,
  ],
  [
    'a path through a hard link to a link',
    'mkdir upper; ln -s /etc upper/a; ln upper/a upper/b; touch x; $TAR -c upper/a upper/b x --transform="s,^x,upper/b/evil,"',
    /through a link/,
  ],
  [
    'a hard link upwards',
    'mkdir upper; echo x >upper/a; ln upper/a upper/b; $TAR -c -P upper/a upper/b --transform="flags=h;s,upper/a,../../../etc/shadow,"',
    /leaves its directory/,
  ],
  ['a disk', 'mkdir upper; mknod upper/disk b 8 0; $TAR -c .', /is a device/],
  ['a device of memory', 'mkdir upper; mknod upper/mem c 1 1; $TAR -c .', /is a device/],
];

for (const [what, script, problem] of hostile) {
  for (const member of ['state.tar', 'changes.tar']) {
    test(`${what} in ${member} is refused`, async (t) => {
      const top = await room(t);
      const tree = await tarBy(top, script);
      const content = {
        'state.tar': member === 'state.tar' ? tree : await stateTar(top),
        ...(member === 'changes.tar' ? { 'changes.tar': tree } : {}),
        'checkpoint/a.img': Buffer.from('a'),
      };
      const archive = await openArchive(await writeArchive(join(top, 'bad.tar'), content));
      t.teardown(() => archive.close());
      t.regex((await problemOf(archive.verify)) ?? '', problem);
    });
  }
}

const link = 'mkdir upper; ln -s /etc upper/a; $TAR -c .';
const through = 'mkdir -p upper/a; touch upper/a/file; $TAR -c upper/a/file';
const removals: [string, string[], RegExp | undefined][] = [
  ['a link of the first tree leads the second one elsewhere', [], /through a link/],
  ['a link that was replaced by a directory does not', ['upper/a'], undefined],
  ['a removal upwards', ['upper/../../../etc'], /leaves its directory/],
  ['an absolute removal', ['/etc'], /leaves its directory/],
  ['a removal through a link', ['upper/a/passwd'], /through a link/],
  ['a removal of a whole part', ['upper'], /would remove/],
];
for (const [what, removed, problem] of removals) {
  test(`${what}: ${problem === undefined ? 'admitted' : 'refused'}`, async (t) => {
    const top = await room(t);
    const content = {
      'state.tar': await tarBy(top, link),
      'changes.tar': await tarBy(top, through),
      'checkpoint/a.img': Buffer.from('a'),
    };
    const archive = await openArchive(await writeArchive(join(top, 'bad.tar'), content, { removed }));
    t.teardown(() => archive.close());
    const found = await problemOf(archive.verify);
    if (problem === undefined) t.is(found, undefined);
    else t.regex(found ?? '', problem);
  });
}

test('overlay attributes that lead elsewhere are refused, others are not', async (t) => {
  const entry = (attribute: string) => {
    const body = `SCHILY.xattr.${attribute}=/etc\n`;
    let length = body.length + 3;
    while (`${length} ${body}`.length !== length) length += 1;
    const record = Buffer.from(`${length} ${body}`);
    const extended = encodeHeader('x', record.length, 0);
    const typed = Buffer.from(extended);
    typed.write('x', 156);
    // the type is a part of the sum
    const sum = Number.parseInt(typed.toString('latin1', 148, 154), 8) + 'x'.charCodeAt(0) - '0'.charCodeAt(0);
    typed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return Buffer.concat([
      typed,
      record,
      Buffer.alloc(512 - record.length),
      encodeHeader('upper/file', 0, 0),
      Buffer.alloc(1024),
    ]);
  };
  const top = await room(t);
  for (const [attribute, problem] of [
    ['trusted.overlay.redirect', /leads to content elsewhere/],
    ['trusted.overlay.metacopy', /leads to content elsewhere/],
    ['trusted.overlay.opaque', undefined],
  ] as const) {
    const content = { 'state.tar': entry(attribute), 'checkpoint/a.img': Buffer.from('a') };
    const archive = await openArchive(await writeArchive(join(top, `${attribute}.tar`), content));
    t.teardown(() => archive.close());
    const found = await problemOf(archive.verify);
    if (problem === undefined) t.is(found, undefined);
    else t.regex(found ?? '', problem);
  }
});

test('what tar would read differently is refused', async (t) => {
  const file = (type: string) => {
    const header = encodeHeader('upper/a', 0, 0);
    const sum = Number.parseInt(header.toString('latin1', 148, 154), 8) + type.charCodeAt(0) - '0'.charCodeAt(0);
    header.write(type, 156);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return header;
  };
  const end = Buffer.alloc(1024);
  await t.throwsAsync(entriesOf(Buffer.concat([file('L'), end])), { message: /type "L"/ });
  await t.throwsAsync(entriesOf(Buffer.concat([file('g'), end])), { message: /type "g"/ });
  await t.throwsAsync(entriesOf(Buffer.concat([end, file('0'), end])), { message: /follows its end/ });
  await t.throwsAsync(entriesOf(file('0')), { message: /has no end/ });
  await t.throwsAsync(entriesOf(Buffer.concat([Buffer.alloc(512, 'x'), end])), { message: /no header/ });
  t.is((await entriesOf(Buffer.concat([file('0'), end]))).length, 1);
});
