import { runCommandLine } from './commandLine.ts';
import { makeTerminal } from './terminal/terminal.ts';

// a reader that goes away (`tagalong ps | head -1`) is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  makeTerminal(process.stdout, process.stderr, process.env),
);
