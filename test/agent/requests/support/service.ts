import type { ExecutionContext } from 'ava';
import { controlClient, type StationClient } from '../../../../cli/demo/stationClient.ts';
import { labRun, labStart } from '../../../../provisioning/lab/exec.ts';
import type { LabSite } from './labSite.ts';

/** Where the image lies on the node that {@link buildImage} made it on. */
export const image = '/srv/tagalong-test';
const project = '/opt/tagalong';
const port = 7000;
const memoryBytes = 1 << 20;

/** What runs in the containers: it answers numbered messages, and checks its memory and its files. */
export const serviceCommand: readonly string[] = [
  ...['/usr/bin/python3', '-I', '-S', '-B', '/opt/service.py'],
  ...[String(port), String(memoryBytes), '/var/lib/service/journal'],
];

/** Makes the image of the service on a node. */
export async function buildImage(site: LabSite, node: string): Promise<void> {
  await site.run(node, 'sh', `${project}/cli/demo/buildImage.sh`, `${project}/cli/demo`, image);
}

const awaitPort = `until python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)' "$1" "$2" 2>/dev/null; do sleep 0.05; done`;

/** Connects to the service from a member of the lab, and sends it a message each 10 ms over the one connection. */
export async function connectClient(site: LabSite, member: string, address: string): Promise<StationClient> {
  const where = { name: site.name, member };
  const command = ['sh', '-c', awaitPort, 'sh', address, String(port)];
  await labRun({ ...where, command, timeoutMs: 30_000 });
  const program = [`${project}/node_modules/node/bin/node`, `${project}/cli/demo/clientProgram.ts`];
  const client = controlClient(await labStart({ ...where, command: [...program, address, String(port)] }));
  await client.connected();
  return client;
}

/**
 * Runs the service on a node, which has its image.
 *
 * @param request - may hold more fields of a `run`
 * @returns its address
 */
export async function runService(
  site: LabSite,
  request: { name: string; node: string } & Record<string, unknown>,
): Promise<string> {
  const done = await site.last('run', { image, command: [...serviceCommand], ...request });
  if (done.status !== 'done') throw new Error(`the service was not started: ${JSON.stringify(done)}`);
  return String(done.result?.['address']);
}

/** Asserts that the container has gone on since the last time, the client's connection too, and that nothing was harmed. */
export async function assertUnharmed(t: ExecutionContext, client: StationClient, after: string): Promise<void> {
  const report = await client.report();
  const wanted = { lost: 0, duplicated: 0, connectionSurvived: true, memoryIntact: true, filesIntact: true };
  t.like(report, wanted, `after ${after}`);
  t.true(report.answered > 0, `no message was answered after ${after}`);
}
