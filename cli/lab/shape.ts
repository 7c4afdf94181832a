import { type Command, InvalidArgumentError } from 'commander';
import { makeCommand } from '../command.ts';
import { parseDuration } from '../parsing/duration.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { labNameOption } from './name.ts';

interface ShapeOptions {
  name: string;
  rate?: number;
  delay?: number;
  loss?: number;
  clear?: boolean;
  json?: boolean;
}

/** Reads a rate such as `50Mbit`, `1Gbit` or `800kbit`, as tc does. @returns megabits a second */
export function parseRate(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmg])bit$/i.exec(text.trim()) ?? [];
  const factor = { k: 0.001, m: 1, g: 1000 }[unit?.toLowerCase() ?? ''];
  if (number === undefined || factor === undefined || Number(number) === 0) {
    throw new InvalidArgumentError(`"${text}" is not a rate; write for example 50Mbit or 800kbit.`);
  }
  return Number(number) * factor;
}

function parsePercent(text: string): number {
  const value = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError(`"${text}" is not a share from 0% to 100%.`);
}

/** `tagalong lab shape`. */
export function labShapeCommand(terminal: Terminal): Command {
  return makeCommand('shape <node>', "limit a node's uplink", 'tagalong lab shape ap1 --rate 50Mbit')
    .addOption(labNameOption())
    .option('--rate <rate>', 'in each direction, e.g. 50Mbit', parseRate)
    .option('--delay <duration>', 'each way, e.g. 10ms', parseDuration)
    .option('--loss <share>', 'lost packets, e.g. 0.5%', parsePercent)
    .option('--clear', 'no limits any more')
    .action(async (node: string, { name, rate, delay, loss, clear, json }: ShapeOptions) => {
      const { labShape } = await import('../../provisioning/lab/shape.ts');
      const shaping = await labShape({
        name,
        node,
        ...(rate === undefined ? {} : { rateMbps: rate }),
        ...(delay === undefined ? {} : { delayMs: delay }),
        ...(loss === undefined ? {} : { lossPercent: loss }),
        ...(clear ? { clear: true } : {}),
      });
      if (json) terminal.json({ node, shaping });
      else {
        const limits = Object.entries(shaping).map(([what, value]) => `${what} ${value}`);
        terminal.print(`${node}: ${limits.join(', ') || 'not limited'}`);
      }
    });
}
