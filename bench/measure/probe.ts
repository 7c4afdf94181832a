import { controlClient, type StationClient } from '../../cli/demo/stationClient.ts';
import { labRun, labStart } from '../../provisioning/lab/exec.ts';
import { station } from '../migration/site.ts';
import { project } from '../migration/workload.ts';

const untilReached = `until python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)' "$1" "$2" 2>/dev/null; do sleep 0.05; done`;

/** A message every so many milliseconds. */
export const probeEveryMs = 10;

/**
 * Starts the client in the station: one TCP connection, kept open, a numbered message every 10 ms.
 *
 * @param limitMs - how long the service may take until it listens
 */
export async function startProbe(lab: string, host: string, port: number, limitMs: number): Promise<StationClient> {
  const reach = ['sh', '-c', untilReached, 'sh', host, String(port)];
  await labRun({ name: lab, member: station, command: reach, timeoutMs: limitMs });
  const program = await labStart({
    name: lab,
    member: station,
    command: [
      `${project}/node_modules/node/bin/node`,
      `${project}/cli/demo/clientProgram.ts`,
      ...[host, String(port), String(probeEveryMs)],
    ],
  });
  const client = controlClient(program);
  try {
    await client.connected();
  } catch (error) {
    await client.stop();
    throw error;
  }
  return client;
}
