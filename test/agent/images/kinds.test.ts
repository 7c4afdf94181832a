import test from 'ava';
import { imageFile, imageKinds, type KindName, parseImageName } from '../../../agent/images/kinds.ts';
import { prepareCodec } from '../../../agent/images/prepareCodec.ts';

test('the name of a file tells its kind and number', (t) => {
  const names: [string, KindName, string][] = [
    ['inventory.img', 'inventory', ''],
    ['core-17.img', 'core', '17'],
    ['pagemap-17.img', 'pagemap', '17'],
    ['pagemap-shmem-491.img', 'pagemap-shmem', '491'],
    ['fifo-data.img', 'fifo-data', ''],
    ['tcp-stream-4e77f.img', 'tcp-stream', '4e77f'],
    ['ghost-file-a.img', 'ghost-file', 'a'],
    ['tmpfs-dev-93.tar.gz.img', 'tmpfs-dev.tar.gz', '93'],
    ['tmpfs-93.tar.gz.img', 'tmpfs.tar.gz', '93'],
    ['netns-ct-10.img', 'netns-ct', '10'],
    ['stats-dump', 'stats', 'dump'],
    ['route6-10.img', 'route6', '10'],
  ];
  for (const [file, kind, id] of names) {
    t.deepEqual(parseImageName(file), { kind, id }, file);
    t.is(imageFile(kind, id), file);
  }
});

test('other names are of no kind', (t) => {
  for (const file of [
    'inventory',
    'toString.img',
    '../core-1.img',
    'core-1.img/',
    'descriptors.json',
    'amdgpu-kfd-2.img',
  ])
    t.is(parseImageName(file), undefined, file);
});

test('every shape can be built, and has a name and number for each field once', (t) => {
  t.notThrows(prepareCodec);
  for (const [name, kind] of Object.entries(imageKinds)) {
    if (kind.form === 'raw') continue;
    const numbers = Object.values(kind.entry.shape.fields).map((field) => field.number);
    t.is(new Set(numbers).size, numbers.length, name);
  }
});
