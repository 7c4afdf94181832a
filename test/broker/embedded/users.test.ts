import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { brokerConfigurationSchema } from '../../../broker/embedded/configuration.ts';
import { fitsHash, hashPassword, isSamePassword } from '../../../broker/embedded/password.ts';
import { identify, readUsers } from '../../../broker/embedded/users.ts';

const configuration = brokerConfigurationSchema.parse({
  users: [
    { name: 'ap1', role: 'node', password: 'one' },
    { name: 'alice', role: 'operator', passwordHash: await hashPassword('two') },
  ],
});
const users = await readUsers(configuration);

test('a hash fits its password alone, and differs each time', async (t) => {
  const hash = await hashPassword('sesame');
  t.true(await fitsHash('sesame', hash));
  t.false(await fitsHash('Sesame', hash));
  t.not(await hashPassword('sesame'), hash);
  for (const broken of ['', 'sesame', '$scrypt$ln=14,r=8,p=1$$', '$scrypt$ln=99,r=8,p=1$c2FsdA$c2FsdHNhbHRzYWx0c2FsdA'])
    t.false(await fitsHash('sesame', broken), broken);
  t.true(isSamePassword('a', 'a'));
  t.false(isSamePassword('a', 'aa'));
});

test('who the credentials belong to', async (t) => {
  const login = (clientId: string, username?: string, password?: string) =>
    identify(users, 'none', { clientId, username, password });
  t.deepEqual(await login('ap1', 'ap1', 'one'), { user: 'ap1', role: 'node' });
  t.deepEqual(await login('cli-77', 'alice', 'two'), { user: 'alice', role: 'operator' });
  t.like(await login('cli-77', 'alice', 'one'), { returnCode: 4 });
  t.like(await login('cli-77', 'mallory', 'two'), { returnCode: 4 });
  t.like(await login('cli-77', 'alice'), { returnCode: 4 });
  t.like(await login('cli-77'), { returnCode: 4 });
  t.like(await login('other', 'ap1', 'one'), { returnCode: 2 }, 'a node is its client id');
  t.like(await login('ap1', 'alice', 'two'), { returnCode: 2 }, 'nobody takes the place of a node');
  for (const hostile of ['a/b', 'a+', '#', '$SYS', 'a\u0000', 'a\n', ''])
    t.like(await login(hostile, 'alice', 'two'), { returnCode: 2 }, JSON.stringify(hostile));
});

test('those without a user name have the role that the configuration gives them', async (t) => {
  const anonymous = { clientId: 'x', username: undefined, password: undefined };
  t.deepEqual(await identify(users, 'viewer', anonymous), { user: 'anonymous', role: 'viewer' });
});

test('the users file is read, and a wrong one is named', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-users-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const usersFile = join(directory, 'users.yaml');
  const read = () => readUsers({ ...configuration, usersFile });
  await t.throwsAsync(read(), { message: /ENOENT/ });
  await writeFile(usersFile, 'users:\n  - { name: ap2, role: node, password: three }\n');
  t.deepEqual([...(await read()).keys()], ['ap1', 'alice', 'ap2']);
  await writeFile(usersFile, 'users:\n  - { name: AP/2, role: node, password: three }\n');
  await t.throwsAsync(read(), { message: /users\.0\.name/ });
  await writeFile(usersFile, 'users:\n  - { name: ap1, role: node, password: three }\n');
  await t.throwsAsync(read(), { message: /ap1 is there twice/ });
  await writeFile(usersFile, 'users: [');
  await t.throwsAsync(read(), { message: /the whole file/ });
});
