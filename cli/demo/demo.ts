import type { SiteConnection } from '../../broker/connection.ts';
import { topicOf } from '../../broker/contract/address.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import { macWithHyphens } from '../../broker/contract/ids.ts';
import { labDown } from '../../provisioning/lab/down.ts';
import { labRun, labStart } from '../../provisioning/lab/exec.ts';
import { brokerOf } from '../../provisioning/lab/online.ts';
import { labAssociate, labRoam } from '../../provisioning/lab/roam.ts';
import { controllerAddress } from '../../provisioning/lab/site.ts';
import { findState, type LabState } from '../../provisioning/lab/state.ts';
import { labUp } from '../../provisioning/lab/up.ts';
import { describeError } from '../answeredError.ts';
import { progressText } from '../migration/texts.ts';
import { sendRequest } from '../request.ts';
import { connectWith } from '../site/connect.ts';
import { type LiveLine, makeLiveLine } from '../terminal/liveLine.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { migrationLines } from './narration.ts';
import { type Observation, observe } from './observation.ts';
import { type DemoMigration, type DemoResult, demoMigration, faultsOf } from './result.ts';
import { demoMoves, type Move } from './scenario.ts';
import { controlClient, type StationClient } from './stationClient.ts';
import { Interrupted, within } from './waiting.ts';

export interface DemoOptions {
  /** How often the station roams there and back. */
  rounds: number;
  /** Incompressible memory that the service holds. */
  memoryBytes: number;
  /** Name of the lab that is started for it. */
  lab: string;
  /** Leave the lab up. */
  keep: boolean;
  json: boolean;
}

const [home, away, station, container] = ['ap1', 'ap2', 'phone1', 'demo'] as const;
const port = 7000;
/** The tree of this program inside the members. */
const project = '/opt/tagalong';
const image = '/srv/tagalong-demo';
const python = ['/usr/bin/python3', '-I', '-S', '-B', '/opt/service.py'];

/** What every step needs. */
interface Stage {
  options: DemoOptions;
  terminal: Terminal;
  line: LiveLine;
  signal: AbortSignal;
}

interface Site {
  state: LabState;
  connection: SiteConnection;
  observation: Observation;
  client: StationClient;
}

/** What became of one move. */
interface Outcome {
  /** The container is where the move should have brought it. */
  completed: boolean;
  /** Nothing at all is to be complained of. */
  right: boolean;
  measured: DemoMigration;
}

/** Runs the container and the client, and hands them over when messages flow. */
async function setUp(stage: Stage, state: LabState, connection: SiteConnection): Promise<Site> {
  const { options, line, signal } = stage;
  const name = options.lab;
  line.show(`${station} associates with ${home}`);
  const { mac } = await within(labAssociate({ name, station, to: home }), 60_000, 'the association', signal);
  line.show(`making the container's image on ${home}`);
  const build = ['sh', `${project}/cli/demo/buildImage.sh`, `${project}/cli/demo`, image];
  await within(labRun({ name, member: home, command: build, timeoutMs: 60_000 }), 61_000, 'the image', signal);
  const observation = await observe(connection, container, (migration) => line.show(progressText(migration)));
  line.show(`starting the container on ${home}`);
  const journal = '/var/lib/service/journal';
  const command = [...python, String(port), String(options.memoryBytes), journal];
  const request = { name: container, node: home, image, command, follows: macWithHyphens(mac) };
  await within(sendRequest(connection, 'run', request), 130_000, 'the start of the container', signal);
  const { address } = await within(observation.running(), 30_000, "the container's address", signal);
  line.show(`${station} connects to ${address}:${port}`);
  const node = `${project}/node_modules/node/bin/node`;
  await awaitPort(stage, address);
  const program = await labStart({
    name,
    member: station,
    command: [node, `${project}/cli/demo/clientProgram.ts`, address, String(port)],
  });
  const client = controlClient(program);
  await within(client.connected(), 30_000, "the client's connection", signal);
  return { state, connection, observation, client };
}

/** Python needs a moment to make its memory; until then nobody listens. */
async function awaitPort({ options, signal }: Stage, address: string): Promise<void> {
  const script = `until python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)' "$1" "$2" 2>/dev/null; do sleep 0.05; done`;
  const command = ['sh', '-c', script, 'sh', address, String(port)];
  const reached = labRun({ name: options.lab, member: station, command, timeoutMs: 60_000, signal });
  await within(reached, 61_000, `an answer from ${address}:${port}`, signal);
}

/** Orders the move by hand as a person would: with mosquitto_pub and the operator's password. */
async function publishByHand({ options }: Stage, state: LabState, to: string): Promise<void> {
  const { site, username, password } = brokerOf(state, 'operator');
  const topic = topicOf(site, 'requestMigrate', {});
  const command = [
    ...['mosquitto_pub', '-h', controllerAddress, '-u', username, '-P', password],
    ...['-q', '1', '-t', topic, '-m', JSON.stringify({ container, to })],
  ];
  await labRun({ name: options.lab, member: 'controller', command, timeoutMs: 20_000 });
}

/** Brings one move about, waits for its end, and asks the client what it saw. */
async function makeMove(stage: Stage, site: Site, move: Move): Promise<Outcome> {
  const { options, terminal, line, signal } = stage;
  const ended = site.observation.nextEnd();
  line.show(move.cause === 'roam' ? `${station} roams to ${move.to}` : `mosquitto_pub: ${container} to ${move.to}`);
  if (move.cause === 'roam') await labRoam({ name: options.lab, station, to: move.to });
  else await publishByHand(stage, site.state, move.to);
  const migration = await within(ended, 90_000, `a migration to ${move.to}`, signal).catch((error: unknown) => {
    const said = site.observation.lastDecision();
    if (said === undefined || !(error instanceof TagalongError)) throw error;
    throw new TagalongError('demo-failed', {
      problem: `${error.details['problem']} (the policy's last word: ${said})`,
    });
  });
  const seen = await within(site.client.report(), 90_000, "the client's report", signal);
  const measured = demoMigration(migration, seen);
  const faults = faultsOf(move, migration, measured);
  line.clear();
  if (!options.json) {
    for (const text of migrationLines(migration, measured, seen, faults, terminal.style)) terminal.print(text);
  } else for (const fault of faults) terminal.remark(`${measured.id}: not right: ${fault}`);
  return {
    completed: migration.phase === 'completed' && measured.to === move.to,
    right: faults.length === 0,
    measured,
  };
}

async function perform(stage: Stage, done: Outcome[]): Promise<void> {
  const { options, line, signal } = stage;
  const wanted = { name: options.lab, accessPoints: 2, nodes: 0, stations: 1, controller: true };
  const state = await labUp({ ...wanted, onProgress: (message) => line.show(message) });
  if (signal.aborted) throw new Interrupted();
  const connection = await connectWith(brokerOf(state, 'operator'));
  let client: StationClient | undefined;
  try {
    const site = await setUp(stage, state, connection);
    client = site.client;
    for (const move of demoMoves(options.rounds, [home, away])) {
      const outcome = await makeMove(stage, site, move);
      done.push(outcome);
      // the next move begins where this one should have ended
      if (!outcome.completed) return;
    }
  } finally {
    await client?.stop();
    await connection.close();
  }
}

/** Takes the lab down, also after a failure; on request it stays. */
async function tidyUp({ options, terminal, line }: Stage): Promise<void> {
  if (options.keep && (await findState(options.lab)) !== undefined) {
    terminal.remark(
      `the lab ${options.lab} stays up: tagalong ps --lab ${options.lab}; tagalong lab down --name ${options.lab}`,
    );
    return;
  }
  line.show('taking the lab down');
  await labDown({ name: options.lab });
  line.clear();
}

/**
 * The demo: a lab, a container, a client that roams; each migration is measured and judged.
 * With `json`, the last line of the output is a {@link DemoResult}, also after a failure.
 *
 * @returns the result, or `interrupted` after SIGINT or SIGTERM; the lab is down in either case, unless it was there before
 * @throws TagalongError where the lab, the container or the client could not be brought up, or a migration did not come
 */
export async function runDemo(options: DemoOptions, terminal: Terminal): Promise<DemoResult | 'interrupted'> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const stage: Stage = { options, terminal, line: makeLiveLine(terminal), signal: interruption.signal };
  const done: Outcome[] = [];
  let failure: unknown;
  try {
    await perform(stage, done);
  } catch (error) {
    failure = error;
  }
  stage.line.clear();
  // a lab that was there before is not this demo's to take down
  const isForeign = failure instanceof TagalongError && failure.code === 'lab-exists';
  try {
    if (!isForeign) await tidyUp(stage);
  } catch (error) {
    failure ??= error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  const migrations = done.map(({ measured }) => measured);
  const ok = failure === undefined && done.length === options.rounds * 2 + 1 && done.every(({ right }) => right);
  return conclude(stage, { ok, migrations }, failure);
}

function conclude({ options, terminal }: Stage, result: DemoResult, failure: unknown): DemoResult | 'interrupted' {
  const interrupted = failure instanceof Interrupted;
  if (failure !== undefined && !interrupted && !options.json) throw failure;
  if (options.json) {
    if (failure !== undefined && !interrupted) terminal.remark(describeError(failure).message);
    terminal.json(result, 'line');
  } else if (!interrupted) {
    const { good, bad } = terminal.style;
    const count = `${result.migrations.length} migrations`;
    terminal.print(result.ok ? good(`all right: ${count}, nothing lost`) : bad(`not all right, after ${count}`));
  }
  return interrupted ? 'interrupted' : result;
}
