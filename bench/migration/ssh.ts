import { labStart } from '../../provisioning/lab/exec.ts';
import { quoted } from './shell.ts';
import { destinationNode, type Site } from './site.ts';

/** No connection is kept: each rsync and scp makes its own, as the recipe does. The lab's host keys are known to nobody. */
const clientSettings = [
  'Host *',
  '  ControlMaster no',
  '  StrictHostKeyChecking no',
  '  UserKnownHostsFile /dev/null',
  '  LogLevel ERROR',
  '',
].join('\n');

/**
 * Lets root on the source log in as root at the destination, by a key made for this lab.
 *
 * @returns the name of the destination for rsync, ssh and scp, and the function that ends the server
 */
export async function startSsh(site: Site): Promise<{ host: string; stop(): Promise<void> }> {
  const publicKey = await site.source.run(
    `mkdir -p -m 700 /root/.ssh && rm -f /root/.ssh/id_ed25519* &&
    ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 &&
    printf %s ${quoted(clientSettings)} >/root/.ssh/config && cat /root/.ssh/id_ed25519.pub`,
  );
  await site.destination.run(
    `mkdir -p -m 700 /root/.ssh && mkdir -p -m 755 /run/sshd &&
    printf '%s\\n' ${quoted(publicKey)} >/root/.ssh/authorized_keys && chmod 600 /root/.ssh/authorized_keys`,
  );
  const server = await labStart({ name: site.lab, member: destinationNode, command: ['/usr/sbin/sshd', '-D', '-e'] });
  const host = `root@${destinationNode}`;
  try {
    await site.source.run(`until ssh ${host} true; do sleep 0.1; done`, 15_000);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { host, stop: () => server.stop() };
}
