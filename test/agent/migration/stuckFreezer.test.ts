import test from 'ava';
import { isStuckFreezer } from '../../../agent/migration/stuckFreezer.ts';

test('a process that the freezer held back is worth another try', (t) => {
  const said =
    'Error (criu/cr-dump.c:1655): Timeout reached. Try to interrupt: 0 / Error (compel/src/lib/infect.c:262): Unseizable non-zombie 472 found, state D, err -1/4';
  t.true(isStuckFreezer(new Error(said)));
});

test('what CRIU cannot dump it cannot dump the next time either', (t) => {
  t.false(
    isStuckFreezer(
      new Error('Error (criu/files-ext.c:96): Can not dump file 7 of that type [600] (anon_inode:[io_uring])'),
    ),
  );
});
