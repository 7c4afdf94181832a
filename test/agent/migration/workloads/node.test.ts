import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testGrowingServer } from './support/growing.ts';
import { project } from './support/site.ts';

const node = `${project}/node_modules/node/bin/node`;

testGrowingServer(
  'a Node.js server with timers, a worker and a growing heap',
  'node',
  async (site, member, image) => {
    const program = await readFile(join(import.meta.dirname, 'growingServer.ts'), 'utf8');
    await site.image(member, image, [node], { '/bin/server.ts': program });
  },
  [node, '/bin/server.ts'],
  ['interval', 'chain', 'immediate', 'worker'],
);
