import type { ExecutionContext } from 'ava';
import { controlClient, type StationClient } from '../../../../../cli/demo/stationClient.ts';
import { labStart } from '../../../../../provisioning/lab/exec.ts';
import { type Closing, project, type TestSite } from './site.ts';

const port = 7000;
const image = '/srv/service';

/** The demo's service, see cli/demo/service.py, and a client that sends it a message each 10 ms over one connection. */
export interface Service {
  /**
   * Asserts that since the last time no message was lost or doubled, the connection has gone on, the digest over the whole
   * memory is what it was, and the files are what they must be.
   */
  isUnharmed(t: ExecutionContext, when: string): Promise<void>;
}

/**
 * Runs the service on a node and connects to it.
 *
 * @param memoryBytes - of it that cannot be compressed
 */
export async function startService(
  closing: Closing,
  site: TestSite,
  name: string,
  node: string,
  memoryBytes: number,
): Promise<Service> {
  await site.sh(node, `sh ${project}/cli/demo/buildImage.sh ${project}/cli/demo ${image}`);
  const program = ['/usr/bin/python3', '-I', '-S', '-B', '/opt/service.py'];
  const command = [...program, String(port), String(memoryBytes), '/var/lib/service/journal'];
  const address = await site.run({ name, node, image, command });
  const wait = `until ip netns exec tagalong-${name} ss -Hltn 'sport = :${port}' | grep -q LISTEN; do sleep 0.1; done`;
  await site.sh(node, wait);
  const client = await connect(closing, site, address);
  return {
    async isUnharmed(t, when) {
      const report = await client.report();
      const wanted = {
        problem: undefined,
        lost: 0,
        duplicated: 0,
        connectionSurvived: true,
        memoryIntact: true,
        filesIntact: true,
        memoryBytes,
      };
      t.like(report, wanted, when);
      t.true(report.answered > 0, `no message was answered: ${when}`);
    },
  };
}

async function connect(closing: Closing, site: TestSite, address: string): Promise<StationClient> {
  const program = [`${project}/node_modules/node/bin/node`, `${project}/cli/demo/clientProgram.ts`];
  const command = [...program, address, String(port)];
  const client = controlClient(await labStart({ name: site.name, member: 'phone1', command }));
  closing.teardown(() => client.stop());
  await client.connected();
  return client;
}
