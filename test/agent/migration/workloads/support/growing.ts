import test from 'ava';
import { growth } from './growth.ts';
import { moveToAndFro, techniques } from './moves.ts';
import { sharedByTests } from './shared.ts';
import { openSite, type TestSite } from './site.ts';
import { startClient } from './stationClient.ts';

const port = 7100;
const container = 'growing';

/**
 * Tests with a server that grows, see growingClient.ts: ten moves by each technique, and after each one the client's
 * connection, its messages, the memory, and all timers or threads are looked at.
 *
 * @param title - what the server is
 * @param label - of the lab
 * @param makeImage - makes its image on a node
 * @param program - the command, without the parameters
 * @param timers - those of the server's rounds that go on all the time
 */
export function testGrowingServer(
  title: string,
  label: string,
  makeImage: (site: TestSite, node: string, image: string) => Promise<void>,
  program: readonly string[],
  timers: readonly string[],
): void {
  const server = sharedByTests(async (closing) => {
    const site = await openSite(closing, label);
    const image = `/srv/${label}`;
    await makeImage(site, 'ap1', image);
    const figures = [port, growth.blockBytes, growth.firstBlocks, growth.messagesPerBlock].map(String);
    const address = await site.run({ name: container, node: 'ap1', image, command: [...program, ...figures] });
    const wait = `until ip netns exec tagalong-${container} ss -Hltn 'sport = :${port}' | grep -q LISTEN; do sleep 0.1; done`;
    await site.sh('ap1', wait);
    const client = await startClient(closing, site, 'growingClient.ts', [address, String(port)]);
    return { site, client, first: await client.hear() };
  });

  for (const technique of (process.env['H_MOVES_TECH']?.split(',') ?? techniques) as typeof techniques) {
    test.serial(`${title} moves ten times by ${technique}: messages, memory and timers are whole`, async (t) => {
      t.timeout(240_000);
      const { site, client, first } = server();
      let last = first;
      const roundsOf = (report: typeof first) => report['rounds'] as Record<string, number>;
      await moveToAndFro(t, site, container, technique, async () => {
        await client.ask('report');
        const report = await client.ask('report');
        t.like(report, { problem: undefined, memoryIntact: true, incarnation: first['incarnation'] });
        t.true(Number(report['answered']) > Number(last['answered'] ?? 0), 'messages are answered');
        for (const timer of timers)
          t.true((roundsOf(report)[timer] ?? 0) > (roundsOf(last)[timer] ?? 0), `${timer} goes on`);
        last = report;
      });
      t.true(Number(last['memoryBytes']) > Number(first['memoryBytes']), 'it has grown');
    });
  }
}
