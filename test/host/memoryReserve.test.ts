import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { reserveMemory } from '../../host/memoryReserve.ts';
import { temporary } from '../agent/memory/support/temporary.ts';

test('so much is filled, byte by byte, and given back once or more often', async (t) => {
  const path = join(temporary(t), 'reserve');
  const sizeBytes = (2 << 20) + 4096;
  const reserve = await reserveMemory(path, sizeBytes);
  const bytes = readFileSync(path);
  t.is(bytes.length, sizeBytes);
  t.false(bytes.includes(0), 'pages of zeros might not be there');
  await reserve.release();
  await reserve.release();
  t.false(existsSync(path));
});
