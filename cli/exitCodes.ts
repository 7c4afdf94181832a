import { type ErrorCode, errorTable } from '../broker/contract/errors.ts';

/** What each exit code of `tagalong` means; printed by `tagalong --help` and in the README. */
export const exitCodeTable = {
  ok: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'something around Tagalong failed, or a measured result is not right' },
  usage: { code: 2, meaning: 'the command line or a configuration file is wrong' },
  refused: { code: 3, meaning: 'the site refused the request; nothing was changed' },
  noAnswer: { code: 4, meaning: 'the broker cannot be reached, or nobody answered' },
  notAuthorized: { code: 5, meaning: 'the broker refused the user name or password' },
  bug: { code: 70, meaning: 'a mistake of Tagalong itself' },
  interrupted: { code: 130, meaning: 'interrupted with Ctrl-C' },
} as const;

/** The codes that say more than their kind does. */
const special: Partial<Record<ErrorCode, number>> = {
  'bad-usage': exitCodeTable.usage.code,
  'bad-configuration': exitCodeTable.usage.code,
  'broker-unreachable': exitCodeTable.noAnswer.code,
  'no-answer': exitCodeTable.noAnswer.code,
  'not-authorized': exitCodeTable.notAuthorized.code,
};

function isKnown(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

/**
 * The exit code for an error code. One that this version does not know (a newer agent may answer it) counts as failed.
 *
 * @param code - a key of the error table, as it stands in a report
 */
export function exitCodeOf(code: string): number {
  if (!isKnown(code)) return exitCodeTable.failed.code;
  return special[code] ?? exitCodeTable[errorTable[code].kind].code;
}

/** The table as lines for people. */
export function exitCodeLines(): string[] {
  return Object.values(exitCodeTable).map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`);
}
