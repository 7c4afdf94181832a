import type { SiteConnection } from '../../broker/connection.ts';
import { connectWith } from '../../cli/site/connect.ts';
import { labDown } from '../../provisioning/lab/down.ts';
import { processOf } from '../../provisioning/lab/member/enter.ts';
import { brokerOf } from '../../provisioning/lab/online.ts';
import { labAssociate } from '../../provisioning/lab/roam.ts';
import { memberOf } from '../../provisioning/lab/state.ts';
import { labUp } from '../../provisioning/lab/up.ts';
import { openShell, type Shell } from './shell.ts';
import { buildImageScript } from './workload.ts';

export const sourceNode = 'ap1';
export const destinationNode = 'ap2';
export type NodeName = typeof sourceNode | typeof destinationNode;
export const nodeNames: readonly NodeName[] = [sourceNode, destinationNode];
/** Roams to the destination before each move, as a client does whose container follows. */
export const station = 'phone1';

/** The one lab in which all is measured. */
export interface Site {
  readonly lab: string;
  readonly connection: SiteConnection;
  readonly source: Shell;
  readonly destination: Shell;
  /** The first process of each node, as this machine counts it. */
  readonly pids: Readonly<Record<NodeName, number>>;
  /** Lets the station roam to a node, where it is not there yet. */
  bringStationTo(node: NodeName): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the lab, with the workload's image on both nodes and the station at the destination.
 *
 * @param lab - its name
 * @throws TagalongError `lab-exists`, `lab-failed`, `not-root`; then nothing of it is left
 */
export async function startSite(lab: string, onProgress: (message: string) => void): Promise<Site> {
  const wanted = { name: lab, accessPoints: 2, nodes: 0, stations: 1, controller: true };
  const state = await labUp({ ...wanted, onProgress });
  let stationAt: NodeName = destinationNode;
  const pidOf = async (node: NodeName) => (await processOf(state, memberOf(state, node))).pid;
  try {
    await labAssociate({ name: lab, station, to: stationAt });
    const source = await openShell(lab, sourceNode);
    const destination = await openShell(lab, destinationNode);
    onProgress('making the image on both nodes');
    for (const shell of [source, destination]) await shell.run(buildImageScript, 60_000);
    const connection = await connectWith(brokerOf(state, 'operator'));
    return {
      lab,
      connection,
      source,
      destination,
      pids: { [sourceNode]: await pidOf(sourceNode), [destinationNode]: await pidOf(destinationNode) },
      async bringStationTo(node) {
        if (stationAt === node) return;
        await labAssociate({ name: lab, station, to: node });
        stationAt = node;
      },
      async close() {
        for (const shell of [source, destination]) shell.close();
        await connection.close();
        await labDown({ name: lab });
      },
    };
  } catch (error) {
    await labDown({ name: lab });
    throw error;
  }
}
