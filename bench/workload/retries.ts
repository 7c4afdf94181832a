import { TagalongError } from '../../broker/contract/errors.ts';
import { labRun } from '../../provisioning/lab/exec.ts';
import { station } from '../migration/site.ts';

/** The least that Linux takes for `tcp_rto_max_ms`. */
export const longestRetryMs = 1000;

/** It gives up after so many; the default of 15 would then be 15 seconds. */
const mostRetries = 255;

const settings = '/proc/sys/net/ipv4';
const script = `echo ${longestRetryMs} >${settings}/tcp_rto_max_ms && echo ${mostRetries} >${settings}/tcp_retries2`;

/**
 * Lets the client's kernel send again at least each second what was not acknowledged (ip-sysctl.rst, since Linux 6.15). By
 * default it doubles its waiting up to two minutes, so that after a pause of seven seconds it could be silent for thirteen:
 * that would measure the client.
 *
 * @returns false where the kernel does not know the setting
 */
export async function capRetries(lab: string): Promise<boolean> {
  try {
    await labRun({ name: lab, member: station, command: ['sh', '-c', script] });
    return true;
  } catch (error) {
    if (error instanceof TagalongError && error.code === 'command-failed') return false;
    throw error;
  }
}
