import type { Command } from 'commander';
import type { LabMemberStatus, LabStatus } from '../../provisioning/lab/status.ts';
import { makeCommand } from '../command.ts';
import { parseName } from '../parsing/identifiers.ts';
import { tableLines } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

function shapingText({ shaping }: LabMemberStatus): string | undefined {
  if (shaping === undefined) return undefined;
  const { rateMbps, delayMs, lossPercent } = shaping;
  return [
    rateMbps === undefined ? '' : `${rateMbps} Mbit/s`,
    delayMs === undefined ? '' : `${delayMs} ms`,
    lossPercent === undefined ? '' : `${lossPercent} % loss`,
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function servicesText({ services }: LabMemberStatus): string {
  return Object.entries(services)
    .map(([service, runs]) => (runs ? service : `${service} (ended)`))
    .join(', ');
}

function show(terminal: Terminal, status: LabStatus): void {
  terminal.print(`lab ${status.name}: ${status.phase}, ${status.processes} processes`);
  if (status.members.length === 0) return;
  const lines = tableLines(
    [
      { heading: 'MEMBER', cell: (row) => row.name },
      { heading: 'KIND', cell: (row) => row.kind },
      {
        heading: 'STATE',
        cell: (row) => (row.running ? 'running' : 'ended'),
        paint: (row) => (row.running ? 'good' : 'bad'),
      },
      { heading: 'ADDRESS', cell: (row) => row.address },
      { heading: 'AT', cell: (row) => row.at },
      { heading: 'STATIONS', cell: (row) => row.associated?.join(', ') },
      { heading: 'UPLINK', cell: shapingText },
      { heading: 'SERVICES', cell: servicesText },
    ],
    status.members,
    terminal.style,
  );
  for (const line of lines) terminal.print(line);
}

/** `tagalong lab status`. */
export function labStatusCommand(terminal: Terminal): Command {
  return makeCommand('status', 'how the labs of this machine are', 'tagalong lab status --name lab')
    .option('--name <lab>', 'only this one', parseName)
    .action(async ({ name, json }: { name?: string; json?: boolean }) => {
      const { labStatus, labStatuses } = await import('../../provisioning/lab/status.ts');
      const labs = name === undefined ? await labStatuses() : [await labStatus({ name })];
      if (json) terminal.json({ labs });
      else if (labs.length === 0) terminal.print('no lab is up on this machine');
      else for (const status of labs) show(terminal, status);
    });
}
