import type { Command } from 'commander';
import { TagalongError } from '../broker/contract/errors.ts';
import { makeCommand } from './command.ts';
import type { ControllerConfiguration } from './daemon/controllerConfiguration.ts';
import { countBetween } from './parsing/count.ts';
import { parseName } from './parsing/identifiers.ts';
import type { Terminal } from './terminal/terminal.ts';

interface ControllerOptions {
  config?: string;
  site?: string;
  host?: string;
  port?: number;
  usersFile?: string;
  connect?: string;
  policies: boolean;
  broker: boolean;
  json?: boolean;
}

async function configurationOf(options: ControllerOptions): Promise<ControllerConfiguration> {
  const { controllerConfigurationSchema } = await import('./daemon/controllerConfiguration.ts');
  const { readConfiguration } = await import('./daemon/configurationFile.ts');
  const fromFile =
    options.config === undefined
      ? controllerConfigurationSchema.parse({
          site: options.site ?? 'default',
          broker: {
            listeners: { mqtt: { host: options.host ?? '127.0.0.1', port: options.port ?? 1883 } },
            ...(options.usersFile === undefined ? {} : { usersFile: options.usersFile }),
          },
        })
      : await readConfiguration(options.config, controllerConfigurationSchema);
  const policies = options.policies ? fromFile.policies : { followUser: false };
  if (options.broker) return { ...fromFile, policies };
  const connect = options.connect === undefined ? fromFile.connect : withCredentials(options.connect);
  if (connect === undefined) {
    throw new TagalongError('bad-usage', {
      problem: '--no-broker needs --connect URL, or connect in the configuration',
      command: 'tagalong controller',
    });
  }
  const { broker: _, ...rest } = fromFile;
  return { ...rest, policies, connect };
}

function withCredentials(url: string): NonNullable<ControllerConfiguration['connect']> {
  const username = process.env['TAGALONG_USER'];
  const password = process.env['TAGALONG_PASSWORD'];
  return { url, ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

/** `tagalong controller`. */
export function controllerCommand(terminal: Terminal): Command {
  return makeCommand(
    'controller',
    'run the broker and the policies of a site',
    'tagalong controller --config /etc/tagalong/controller.yaml\ntagalong controller --host 0.0.0.0 --users-file users.yaml',
  )
    .option('--config <file>', 'YAML: site, broker or connect, policies')
    .option('--site <name>', 'without a file: name of the site', parseName)
    .option('--host <address>', 'without a file: where the broker listens (default: 127.0.0.1)')
    .option('--port <number>', 'without a file: its port (default: 1883)', countBetween(0, 65535))
    .option('--users-file <file>', 'without a file: YAML with users; see `tagalong hash-password`')
    .option('--connect <url>', 'with --no-broker: the broker to use; TAGALONG_USER and TAGALONG_PASSWORD')
    .option('--no-policies', 'the broker alone')
    .option('--no-broker', 'the policies alone')
    .action(async (options: ControllerOptions) => {
      const configuration = await configurationOf(options);
      const { makeLog } = await import('../host/log.ts');
      const { startSite } = await import('./daemon/startSite.ts');
      const { stopSignal } = await import('./daemon/stopSignal.ts');
      const log = makeLog('controller');
      const stopping = stopSignal();
      const running = await startSite(configuration, log);
      if (options.json) terminal.json({ site: configuration.site, urls: running.urls }, 'line');
      else {
        const where = Object.values(running.urls).join(', ') || configuration.connect?.url;
        terminal.print(`site ${configuration.site}: ${where}`);
      }
      log.info({ signal: await stopping }, 'stopping');
      await running.stop();
    });
}
