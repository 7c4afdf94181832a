import test from 'ava';
import { decide } from '../../../policies/follow-user/decide.ts';
import { fold } from '../../../policies/picture/fold.ts';
import { leave } from '../../../policies/picture/foldClient.ts';
import { withEntry } from '../../../policies/picture/sitePicture.ts';
import { play } from '../model/play.ts';

const sequences = 1000;

test('a container ends where its client is, within the bound on moves, in 1,000 random sequences', (t) => {
  let moves = 0;
  for (let seed = 1; seed <= sequences; seed++) {
    const played = play(seed);
    moves += played.moves;
    if (played.violations.length > 0) {
      t.log(`seed ${seed}\n${played.journal.join('\n')}`);
      t.fail(`seed ${seed}: ${played.violations.join('; ')}`);
      return;
    }
  }
  t.log(`${sequences} sequences, ${moves} moves`);
  t.true(moves > sequences, 'the sequences must make containers move');
});

test('the same checks catch a policy that ignores the cooldown', (t) => {
  const hasty: typeof decide = (picture, policy, memory, nowMs) =>
    decide(picture, { ...policy, cooldownMs: 0 }, memory, nowMs);
  t.regex(firstViolation({ fold, decide: hasty }), /moved \d+ times in/);
});

test('the same checks catch a fold that believes late disconnects', (t) => {
  const gullible: typeof fold = (picture, observation, settings) => {
    const next = fold(picture, observation, settings);
    if (observation.kind !== 'node-client' || observation.document !== undefined) return next;
    const client = next.clients.get(observation.mac);
    if (!client?.place || client.place.node === observation.node) return next;
    const gone = leave(client, client.place.node, observation.atMs);
    return { ...next, clients: withEntry(next.clients, observation.mac, gone) };
  };
  t.regex(firstViolation({ fold: gullible, decide }), /but its client is at/);
});

function firstViolation(parts: { fold: typeof fold; decide: typeof decide }): string {
  for (let seed = 1; seed <= sequences; seed++) {
    const [violation] = play(seed, parts).violations;
    if (violation !== undefined) return violation;
  }
  return 'none';
}
