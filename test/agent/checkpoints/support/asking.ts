import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Verb } from '../../../../broker/contract/requests.ts';
import { AnsweredError } from '../../../../cli/answeredError.ts';
import { sendRequest } from '../../../../cli/request.ts';
import { memberDirectory } from '../../../../provisioning/lab/directories.ts';
import type { TestSite } from '../../migration/workloads/support/site.ts';

/** Sends a request and returns the result that it is done with. */
export async function ask(site: TestSite, verb: Verb, request: object): Promise<Record<string, unknown>> {
  return (await sendRequest(site.connection, verb, request as never)).result ?? {};
}

/** The error that a request ends with; one of code `done` where it ends well. */
export async function refusalOf(
  site: TestSite,
  verb: Verb,
  request: object,
): Promise<{ code: string; message: string; codes: string[] }> {
  try {
    const result = await ask(site, verb, request);
    return { code: 'done', message: JSON.stringify(result), codes: [] };
  } catch (error) {
    if (!(error instanceof AnsweredError)) throw error;
    const codes = (error.response.blockedReasons ?? []).map(({ code }) => code);
    return { code: error.reported.code, message: error.reported.message, codes };
  }
}

/** Where this process sees a file of a node's data directory. */
export function seenFromHere(site: TestSite, node: string, file: string): string {
  return join(memberDirectory(site.name, node), 'data', file.slice('/var/lib/tagalong/'.length));
}

/** Copies a file of one node's data directory to another node, under the same name. */
export async function carry(site: TestSite, file: string, from: string, to: string): Promise<void> {
  const target = seenFromHere(site, to, file);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(seenFromHere(site, from, file), target);
}
