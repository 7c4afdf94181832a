import { readFileSync, writeFileSync } from 'node:fs';

const setting = '/proc/sys/fs/pipe-max-size';
/** CRIU's page server asks for pipes of 819 pages, which the kernel rounds up. */
const neededBytes = 4 * 1024 * 1024;

/** CAP_SYS_RESOURCE, capabilities(7): who has it may make larger pipes than the setting says. */
const sysResource = 24n;

/** Whether a process may exceed limits of resources, in the text of its /proc/PID/status. */
export function mayExceedLimits(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> sysResource) & 1n) === 1n;
}

/**
 * Lets CRIU's page server have its pipes where root lacks CAP_SYS_RESOURCE, as in some virtual machines: without them it serves
 * no page, and says nothing of the reason.
 *
 * @returns the function that sets the kernel's setting back, or undefined where nothing had to be done
 */
export function allowLargePipes(): (() => void) | undefined {
  const before = readFileSync(setting, 'utf8').trim();
  if (mayExceedLimits(readFileSync('/proc/self/status', 'utf8')) || Number(before) >= neededBytes) return undefined;
  writeFileSync(setting, String(neededBytes));
  return () => writeFileSync(setting, before);
}
