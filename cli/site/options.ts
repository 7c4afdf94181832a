import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { TagalongError } from '../../broker/contract/errors.ts';
import { parseName } from '../parsing/identifiers.ts';

/** What the connection options of a site command give. */
export interface SiteOptions {
  broker?: string;
  site?: string;
  user?: string;
  passwordFile?: string;
  lab?: string;
  json?: boolean;
}

/** How to reach a site's broker. */
export interface SiteAccess {
  url: string;
  site: string;
  username?: string;
  password?: string;
}

const defaultUrl = 'mqtt://127.0.0.1:1883';

/** Adds `--broker`, `--site`, `--user`, `--password-file` and `--lab` to a command. */
export function withSiteOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--broker <url>', `mqtt://, mqtts://, ws:// or unix: address of the broker (default: ${defaultUrl})`)
        .env('TAGALONG_BROKER')
        .conflicts('lab'),
    )
    .addOption(
      new Option('--site <name>', 'which site of the broker (default: default)')
        .env('TAGALONG_SITE')
        .argParser(parseName),
    )
    .addOption(new Option('--user <name>', 'user name at the broker').env('TAGALONG_USER'))
    .option('--password-file <file>', 'file with the password; or set TAGALONG_PASSWORD')
    .addOption(
      new Option('--lab <name>', 'the lab of this name on this machine; found by itself when only one is up').argParser(
        parseName,
      ),
    );
}

async function passwordOf(options: SiteOptions): Promise<string | undefined> {
  if (options.passwordFile === undefined) return process.env['TAGALONG_PASSWORD'];
  try {
    return (await readFile(options.passwordFile, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new TagalongError(
      'bad-configuration',
      { file: options.passwordFile, field: '--password-file', problem },
      error,
    );
  }
}

/**
 * Where the site is: the named lab, the named broker, the one lab that is up, or the broker on this machine.
 *
 * @throws TagalongError `lab-down` where the named lab is not up, `bad-configuration` for an unreadable password file
 */
export async function accessOf(options: SiteOptions): Promise<SiteAccess> {
  if (options.broker === undefined) {
    // here and not above: most commands of most sites never need the lab's code
    const { findLab } = await import('./lab.ts');
    const lab = await findLab(options.lab);
    if (lab !== undefined) return { ...lab, ...(options.site === undefined ? {} : { site: options.site }) };
  }
  const password = await passwordOf(options);
  return {
    url: options.broker ?? defaultUrl,
    site: options.site ?? 'default',
    ...(options.user === undefined ? {} : { username: options.user }),
    ...(password === undefined ? {} : { password }),
  };
}
