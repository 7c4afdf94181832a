import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { TagalongError } from '../broker/contract/errors.ts';
import { makeCommand } from './command.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `tagalong hash-password`: the password comes on standard input, so that no process list shows it. */
export function hashPasswordCommand(terminal: Terminal, input: Readable = process.stdin): Command {
  return makeCommand(
    'hash-password',
    'hash a password, given on standard input, for the users file of the broker',
    "printf '%s' 'a long secret' | tagalong hash-password",
  ).action(async (options: { json?: boolean }) => {
    const password = (await text(input)).replace(/\r?\n$/, '');
    if (password === '') {
      throw new TagalongError('bad-usage', {
        problem: 'The password on standard input is empty',
        command: 'tagalong hash-password',
      });
    }
    const { hashPassword } = await import('../broker/embedded/password.ts');
    const passwordHash = await hashPassword(password);
    if (options.json) terminal.json({ passwordHash });
    else terminal.print(passwordHash);
  });
}
