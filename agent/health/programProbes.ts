import type { z } from 'zod';
import type { capabilitySchema } from '../../broker/contract/documents.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Programs } from '../../host/programs.ts';

export type Capability = z.output<typeof capabilitySchema>;

/** What running a program told. */
export type Outcome = { kind: 'succeeded'; output: string } | { kind: 'failed'; problem: string } | { kind: 'missing' };

const probeTimeoutMs = 20_000;
/** What a shell, nsenter or env say when they cannot find the program that they shall run. */
const notFoundExitCode = 127;

/** Runs a program to see whether and how it works. Never throws. */
export async function attempt(programs: Programs, file: string, parameters: readonly string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await programs.run(file, parameters, { timeoutMs: probeTimeoutMs });
    return { kind: 'succeeded', output: `${stdout}\n${stderr}`.trim() };
  } catch (error) {
    if (!(error instanceof TagalongError)) return { kind: 'failed', problem: String(error) };
    if (error.code === 'program-missing' || error.details['exitCode'] === notFoundExitCode) return { kind: 'missing' };
    return { kind: 'failed', problem: String(error.details['problem'] ?? error.message) };
  }
}

function lastLineOf(problem: string): string {
  return problem.split(' / ').at(-1)?.trim() || 'it failed without a word';
}

/**
 * What an outcome means for a capability that needs the program to run well; its last words say why it does not.
 * @param program - which one is not installed where the outcome says so
 */
export function capabilityOf(program: string, outcome: Outcome): Capability {
  if (outcome.kind === 'missing') return { available: false, detail: `The program ${program} is not installed.` };
  if (outcome.kind === 'failed') return { available: false, detail: lastLineOf(outcome.problem) };
  return { available: true };
}

/** A capability by running a program, with the version that it prints. */
export async function probeVersion(
  programs: Programs,
  file: string,
  parameters: readonly string[],
  pattern: RegExp,
): Promise<{ capability: Capability; version?: string }> {
  const outcome = await attempt(programs, file, parameters);
  const capability = capabilityOf(file, outcome);
  const version = outcome.kind === 'succeeded' ? pattern.exec(outcome.output)?.[1] : undefined;
  return version === undefined
    ? { capability }
    : { capability: { ...capability, detail: `${file} ${version}` }, version };
}
