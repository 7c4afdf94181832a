import { TagalongError } from '../../broker/contract/errors.ts';
import { labStart } from '../../provisioning/lab/exec.ts';

/** A shell that stays open in a member of the lab, so that no step pays for a way in. */
export interface Shell {
  /**
   * Runs a script to its end and returns what it printed, errors included.
   *
   * @param limitMs - ended with SIGTERM after so long
   * @throws TagalongError `command-failed` with the last lines it printed
   */
  run(script: string, limitMs?: number): Promise<string>;
  close(): void;
}

const defaultLimitMs = 30_000;
/** How long after its limit a script may take to be ended. */
const graceMs = 10_000;

/** A text as one word of a shell's command line. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The line for the open shell: the script in a shell of its own, then a line with the mark and the exit code. */
export function shellLine(script: string, limitMs: number, mark: string): string {
  const seconds = Math.max(1, Math.ceil(limitMs / 1000));
  return `timeout -k 5 ${seconds} sh -c ${quoted(script)} </dev/null 2>&1; printf '\\n%s %s\\n' ${mark} $?\n`;
}

const longestCommand = 120;

/** A script on one line, cut where it is long. */
function shortened(script: string): string {
  const line = script.trim().replaceAll(/\s+/g, ' ');
  return line.length <= longestCommand ? line : `${line.slice(0, longestCommand)}...`;
}

function failure(script: string, exitCode: number | undefined, printed: readonly string[], limitMs: number) {
  const said = printed
    .filter((line) => line.trim() !== '')
    .slice(-3)
    .join(' / ');
  const late = exitCode === undefined || exitCode === 124 || exitCode === 137;
  const problem = late ? `no end within ${limitMs} ms${said ? ` / ${said}` : ''}` : said || `exit code ${exitCode}`;
  return new TagalongError('command-failed', { command: shortened(script), problem, exitCode });
}

/** Opens a shell in a member. One script at a time. */
export async function openShell(lab: string, member: string): Promise<Shell> {
  const program = await labStart({ name: lab, member, command: ['sh'] });
  const lines = program.lines()[Symbol.asyncIterator]();
  let count = 0;
  let lost = false;

  async function printedUntil(mark: string): Promise<{ printed: string[]; exitCode: number | undefined }> {
    const printed: string[] = [];
    for (;;) {
      const line = await lines.next();
      if (line.done) return { printed: [...printed, `the shell in ${member} has ended`], exitCode: -1 };
      if (line.value.startsWith(`${mark} `)) return { printed, exitCode: Number(line.value.slice(mark.length + 1)) };
      printed.push(line.value);
    }
  }

  return {
    async run(script, limitMs = defaultLimitMs) {
      if (lost) throw failure(script, -1, [`the shell in ${member} no longer answers`], limitMs);
      count += 1;
      const mark = `::end-${process.pid}-${count}`;
      const { promise: late, resolve } = Promise.withResolvers<{ printed: string[]; exitCode: undefined }>();
      const timer = setTimeout(() => {
        lost = true;
        resolve({ printed: [], exitCode: undefined });
      }, limitMs + graceMs);
      program.write(shellLine(script, limitMs, mark));
      const { printed, exitCode } = await Promise.race([printedUntil(mark), late]);
      clearTimeout(timer);
      if (exitCode !== 0) throw failure(script, exitCode, printed, limitMs);
      return printed.join('\n').trim();
    },
    close: () => program.endInput(),
  };
}
