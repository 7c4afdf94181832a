import { type Command, Option } from 'commander';
import type { LabServiceOptions } from '../../provisioning/lab/exec.ts';
import { makeCommand } from '../command.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { labNameOption } from './name.ts';

interface RestartOptions {
  name: string;
  service?: NonNullable<LabServiceOptions['service']>;
  json?: boolean;
}

/** `tagalong lab restart`. */
export function labRestartCommand(terminal: Terminal): Command {
  return makeCommand('restart <member>', 'restart a service of a member', 'tagalong lab restart ap1 --service hostapd')
    .addOption(labNameOption())
    .addOption(
      new Option('--service <service>', 'which; otherwise the agent or the controller').choices([
        'agent',
        'controller',
        'hostapd',
        'dnsmasq',
        'mosquitto',
      ]),
    )
    .action(async (member: string, { name, service, json }: RestartOptions) => {
      const { labRestart } = await import('../../provisioning/lab/exec.ts');
      await labRestart({ name, member, ...(service === undefined ? {} : { service }) });
      if (json) terminal.json({ member, restarted: true });
      else terminal.print(`${service ?? 'the main service'} of ${member} is running again`);
    });
}
