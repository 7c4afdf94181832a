import { type ErrorReport, reportOf } from '../broker/contract/errors.ts';
import type { Response } from '../broker/contract/requests.ts';

/** An error as a node reported it. Its code may be one that this version does not know yet. */
export type AnsweredReport = NonNullable<Response['error']>;

/** A request was rejected, or failed, at the node that obeys it: the node's own words are kept. */
export class AnsweredError extends Error {
  readonly reported: AnsweredReport;
  readonly response: Response;

  constructor(reported: AnsweredReport, response: Response) {
    super(reported.message);
    this.name = 'AnsweredError';
    this.reported = reported;
    this.response = response;
  }
}

/** Any thrown value as a report for people and programs, with every reason that a node gave. */
export function describeError(error: unknown): AnsweredReport {
  if (!(error instanceof AnsweredError)) return reportOf(error) satisfies ErrorReport;
  const others = error.response.blockedReasons ?? [];
  if (others.length < 2) return error.reported;
  return { ...error.reported, details: { ...error.reported.details, blockedReasons: others } };
}
