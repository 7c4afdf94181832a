import { z } from 'zod';
import { labStart } from '../../../../../provisioning/lab/exec.ts';
import { type Closing, project, type TestSite } from './site.ts';

const answerSchema = z.record(z.string(), z.unknown());

/** A client program in the station. */
export interface StationClient {
  /** The next line that it says. @throws Error with its last words where it has ended */
  hear(): Promise<Record<string, unknown>>;
  /** Says a word and returns what it answers. */
  ask(word: string): Promise<Record<string, unknown>>;
}

/**
 * Starts a program of this folder's tests in the station, with the project's own Node.
 *
 * @param file - its name in the folder of the workloads' tests
 */
export async function startClient(
  t: Closing,
  site: TestSite,
  file: string,
  parameters: readonly string[],
): Promise<StationClient> {
  const node = `${project}/node_modules/node/bin/node`;
  const program = await labStart({
    name: site.name,
    member: 'phone1',
    command: [node, `${project}/test/agent/migration/workloads/${file}`, ...parameters],
  });
  t.teardown(() => program.stop());
  const lines = program.lines()[Symbol.asyncIterator]();
  async function hear(): Promise<Record<string, unknown>> {
    const line = await lines.next();
    if (!line.done) return answerSchema.parse(JSON.parse(line.value));
    const { exitCode, stderr } = await program.ended;
    throw new Error(`${file} ended with ${exitCode}: ${stderr}`);
  }
  return {
    hear,
    ask(word) {
      program.write(`${word}\n`);
      return hear();
    },
  };
}
