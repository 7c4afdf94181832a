import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testGrowingServer } from './support/growing.ts';

testGrowingServer(
  'a Python server with threads and a growing heap',
  'python',
  async (site, member, image) => {
    const program = await readFile(join(import.meta.dirname, 'growingServer.py'), 'utf8');
    const python = (await site.sh(member, 'readlink -f /usr/bin/python3')).trim();
    await site.image(member, image, [python], { '/bin/server.py': program });
    await site.sh(
      member,
      `cp -a /usr/lib/${python.split('/').at(-1)} ${image}/usr/lib/ && ln -s ${python} ${image}/usr/bin/python3`,
    );
  },
  ['/usr/bin/python3', '-I', '-S', '-B', '/bin/server.py'],
  ['ticks', 'checks'],
);
