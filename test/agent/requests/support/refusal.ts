import type { ExecutionContext } from 'ava';
import { type ErrorCode, errorTable } from '../../../../broker/contract/errors.ts';
import type { Response, Verb } from '../../../../broker/contract/requests.ts';
import type { LabSite } from './labSite.ts';

export interface Expected {
  code: ErrorCode;
  /** What its sentence must name. */
  names: readonly string[];
  /** `rejected` where nothing is said. */
  status?: Response['status'];
}

/** Asserts that an answer gives the documented error, with its sentence filled in and a remedy. */
export function assertError(t: ExecutionContext, response: Response | undefined, expected: Expected): void {
  const { error } = response ?? {};
  t.is(response?.status, expected.status ?? 'rejected', JSON.stringify(response));
  t.is(error?.code, expected.code, error?.message);
  const words = errorTable[expected.code].sentence.split(/\{\w+\}/);
  for (const part of words) t.true(error?.message.includes(part), `"${error?.message}" lacks "${part}"`);
  t.notRegex(`${error?.message} ${error?.remedy}`, /\{\w+\}|undefined|\[object/);
  for (const name of expected.names) t.true(error?.message.includes(name), `"${error?.message}" does not name ${name}`);
}

/**
 * Sends something that must be refused, and asserts that exactly one node says so, with the documented error.
 *
 * @param nodes - those that answer: each is asked whether it has done with the request
 */
export async function assertRefused(
  t: ExecutionContext,
  site: LabSite,
  nodes: readonly string[],
  send: () => Promise<unknown>,
  expected: Expected,
): Promise<Response> {
  const from = site.responses.all.length;
  await send();
  const answer = await site.responses.first(() => true, from);
  await site.fence(...nodes);
  t.is(site.responses.all.length - from, 1, JSON.stringify(site.responses.all.slice(from)));
  assertError(t, answer, expected);
  return answer;
}

/** Sends a request and asserts that it was carried out. */
export async function assertDone(
  t: ExecutionContext,
  site: LabSite,
  verb: Verb,
  request: Record<string, unknown>,
): Promise<Response> {
  const response = await site.last(verb, request);
  t.is(response.status, 'done', JSON.stringify(response.error));
  return response;
}
