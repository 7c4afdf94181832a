import test from 'ava';
import { TagalongError } from '../../../broker/contract/errors.ts';
import { idSchema } from '../../../broker/contract/ids.ts';
import { membersOf } from '../../../provisioning/lab/site.ts';

test('members have the names and addresses of the plan', (t) => {
  const members = membersOf({ accessPoints: 2, nodes: 1, stations: 1, controller: true });
  t.deepEqual(
    members.map(({ name, address }) => [name, address]),
    [
      ['backbone', undefined],
      ['controller', '10.77.0.1'],
      ['ap1', '10.77.0.11'],
      ['ap2', '10.77.0.12'],
      ['node1', '10.77.0.13'],
      ['phone1', undefined],
    ],
  );
  t.deepEqual(members[3]?.containerAddresses, { first: '10.77.22.1', last: '10.77.22.254' });
  t.deepEqual(members[3]?.stationAddresses, { first: '10.77.122.10', last: '10.77.122.250' });
});

test('names, addresses and MAC addresses are different in the largest lab', (t) => {
  const members = membersOf({ accessPoints: 60, nodes: 30, stations: 200, controller: true });
  const keys = members.flatMap((member) => [
    member.name,
    ...[member.address, member.mac, member.containerAddresses?.first, member.stationAddresses?.first].filter(
      (key) => key !== undefined,
    ),
  ]);
  t.is(new Set(keys).size, keys.length);
  for (const { name } of members) t.true(idSchema.safeParse(name).success && name.length <= 11, name);
});

test('what the plan has no room for is refused', (t) => {
  for (const wrong of [{ accessPoints: 91 }, { nodes: -1 }, { stations: 1.5 }, { stations: 201 }]) {
    const error = t.throws(() => membersOf({ accessPoints: 1, nodes: 0, stations: 0, controller: true, ...wrong }), {
      instanceOf: TagalongError,
    });
    t.is(error.code, 'lab-failed');
  }
});
