import type { SiteConnection } from '../../../../../broker/connection.ts';
import type { DraftOf, MessageOf } from '../../../../../broker/contract/topics.ts';
import { type RequestOptions, sendRequest } from '../../../../../cli/request.ts';
import { connectWith } from '../../../../../cli/site/connect.ts';
import { labDown } from '../../../../../provisioning/lab/down.ts';
import { labRun } from '../../../../../provisioning/lab/exec.ts';
import { brokerOf } from '../../../../../provisioning/lab/online.ts';
import { labAssociate } from '../../../../../provisioning/lab/roam.ts';
import { labUp } from '../../../../../provisioning/lab/up.ts';

/** Who takes down what was started for it: a test, or a file of tests. */
export interface Closing {
  teardown(undo: () => unknown): void;
}

export type Migration = MessageOf<'nodeMigration'>;

/** Where the members see this tree. */
export const project = '/opt/tagalong';
const support = `${project}/test/agent/migration/workloads/support`;

/** A lab of a test: two access points, a station at the first, and a person who may ask for everything. */
export interface TestSite {
  name: string;
  connection: SiteConnection;
  /** Runs a line of shell inside a member. */
  sh(member: string, script: string): Promise<string>;
  /**
   * Makes a root file system on a node.
   *
   * @param programs - taken from the node, by absolute path; busybox is there always
   * @param files - path to text, written into it
   */
  image(node: string, path: string, programs: readonly string[], files?: Record<string, string>): Promise<void>;
  /** Runs a container and returns its address. */
  run(request: DraftOf<'requestRun'>): Promise<string>;
  /**
   * Moves a container and returns the whole account of it.
   *
   * @param request - what else is wanted of the move
   */
  migrate(
    container: string,
    to: string,
    request?: Partial<DraftOf<'requestMigrate'>>,
    options?: RequestOptions,
  ): Promise<Migration>;
  /** The container's document, as the node that has it says. */
  describe(container: string): Promise<MessageOf<'nodeContainer'>>;
  /** All lines that the container has printed. */
  log(container: string): Promise<string[]>;
}

/**
 * Starts the lab; it is taken down when the test ends, however.
 *
 * @param label - short, and of this test alone
 */
export async function openSite(t: Closing, label: string, options: { cgroup?: 'v1' | 'v2' } = {}): Promise<TestSite> {
  const name = `t${process.pid}-${label}`;
  t.teardown(() => labDown({ name }));
  const state = await labUp({ name, accessPoints: 2, nodes: 0, stations: 1, controller: true, ...options });
  await labAssociate({ name, station: 'phone1', to: 'ap1' });
  const connection = await connectWith(brokerOf(state, 'operator'));
  t.teardown(() => connection.close());
  const runIn = async (member: string, command: string[], input?: string) =>
    (await labRun({ name, member, command, timeoutMs: 60_000, ...(input === undefined ? {} : { input }) })).stdout;
  const about = async (container: string, logLines?: number) => {
    const request = { container, ...(logLines === undefined ? {} : { logLines }) };
    return (await sendRequest(connection, 'describe', request)).result ?? {};
  };
  return {
    name,
    connection,
    sh: (member, script) => runIn(member, ['sh', '-c', script]),
    async image(node, path, programs, files = {}) {
      await runIn(node, ['sh', `${support}/buildImage.sh`, path, ...programs]);
      for (const [file, text] of Object.entries(files)) {
        const script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod 755 "$1"';
        await runIn(node, ['sh', '-c', script, 'sh', `${path}${file}`], text);
      }
    },
    async run(request) {
      return String((await sendRequest(connection, 'run', request)).result?.['address']);
    },
    async migrate(container, to, request = {}, requestOptions = {}) {
      const { result } = await sendRequest(connection, 'migrate', { ...request, container, to }, requestOptions);
      return result as Migration;
    },
    describe: async (container) => (await about(container))['container'] as MessageOf<'nodeContainer'>,
    log: async (container) => (await about(container, 10_000))['log'] as string[],
  };
}
