import type { DraftOf } from '../../../../../broker/contract/topics.ts';
import type { Closing, TestSite } from './site.ts';
import { type StationClient, startClient } from './stationClient.ts';

/** A small container that gives back each line that it is sent, and one client that is connected to it all the time. */
export interface Echo {
  address: string;
  client: StationClient;
  /** Sends a line over the first connection and waits until it is back. @throws Error where the connection has closed */
  answers(): Promise<void>;
}

const port = 7;

/**
 * Starts it on a node.
 *
 * @param request - what else is wanted of the container
 */
export async function startEcho(
  t: Closing,
  site: TestSite,
  name: string,
  node: string,
  request: Partial<DraftOf<'requestRun'>> = {},
): Promise<Echo> {
  const image = `/srv/${name}`;
  if (request.image === undefined) await site.image(node, image, [], echoFiles);
  const address = await site.run({ name, node, image, command: ['/bin/echo-server'], ...request });
  await site.sh(
    node,
    `until ip netns exec tagalong-${name} ss -Hltn 'sport = :${port}' | grep -q LISTEN; do sleep 0.1; done`,
  );
  const client = await startClient(t, site, 'echoClient.ts', [address, String(port)]);
  await client.hear();
  return {
    address,
    client,
    async answers() {
      const { problem } = await client.ask('say');
      if (problem !== undefined) throw new Error(String(problem));
    },
  };
}

/** The files of its image. */
export const echoFiles = {
  '/bin/echo-server': `#!/bin/sh\necho serving\nexec busybox nc -ll -p ${port} -e cat\n`,
};
