import type { Role } from '../../../broker/contract/topics.ts';

/** Who connects in the tests; each password is the name and `-secret`. */
export const people = [
  { name: 'ap1', role: 'node' },
  { name: 'ap2', role: 'node' },
  { name: 'controller', role: 'controller' },
  { name: 'alice', role: 'operator' },
  { name: 'eve', role: 'viewer' },
] as const satisfies { name: string; role: Role }[];

export type Person = (typeof people)[number]['name'];

export const site = 'default';

export function passwordOf(person: Person): string {
  return `${person}-secret`;
}

export function usersWithPasswords(): { name: string; role: Role; password: string }[] {
  return people.map((person) => ({ ...person, password: passwordOf(person.name) }));
}
