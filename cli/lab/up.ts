import { type Command, Option } from 'commander';
import { makeCommand } from '../command.ts';
import { countBetween } from '../parsing/count.ts';
import { makeLiveLine } from '../terminal/liveLine.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { labNameOption } from './name.ts';

interface LabUpOptions {
  name: string;
  accessPoints: number;
  nodes: number;
  stations: number;
  cgroup: 'v1' | 'v2' | 'auto';
  broker: 'embedded' | 'mosquitto';
  agents: boolean;
  json?: boolean;
}

/** `tagalong lab up`. */
export function labUpCommand(terminal: Terminal): Command {
  return makeCommand('up', 'start a lab', 'tagalong lab up --access-points 3 --stations 2')
    .addOption(labNameOption())
    .option('--access-points <number>', 'how many', countBetween(0, 90), 2)
    .option('--nodes <number>', 'how many nodes without an access point', countBetween(0, 90), 0)
    .option('--stations <number>', 'how many', countBetween(0, 200), 1)
    .addOption(new Option('--cgroup <version>', 'what the members see').choices(['auto', 'v1', 'v2']).default('auto'))
    .addOption(new Option('--broker <kind>', 'which broker').choices(['embedded', 'mosquitto']).default('embedded'))
    .option('--no-agents', 'without agents and controller')
    .action(async ({ broker, json, ...options }: LabUpOptions) => {
      const { labUp } = await import('../../provisioning/lab/up.ts');
      const line = makeLiveLine(terminal);
      const onProgress = (message: string) => line.show(message);
      const state = await labUp({ ...options, brokerKind: broker, controller: true, onProgress }).finally(() =>
        line.clear(),
      );
      const members = state.members.map(({ name, kind, address }) => ({ name, kind, address }));
      if (json) terminal.json({ name: state.name, members });
      else {
        const shown = members.filter(({ kind }) => kind !== 'backbone').map(({ name }) => name);
        terminal.print(`lab ${state.name} is up: ${shown.join(', ')}`);
      }
    });
}
