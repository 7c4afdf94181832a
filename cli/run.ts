import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { collectEnvironment } from './parsing/environment.ts';
import { parseAddress, parseMac, parseName } from './parsing/identifiers.ts';
import { parseSize } from './parsing/size.ts';
import { collectVolumes, type Volume } from './parsing/volume.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

interface RunOptions extends SiteOptions {
  node: string;
  image: string;
  env?: Record<string, string>;
  memory?: number;
  volume?: Volume[];
  follows?: string;
  address?: string;
  mac?: string;
  hostname?: string;
  workdir?: string;
  dryRun?: boolean;
}

/** The body of the `run` request that the options ask for. */
export function runRequest(name: string, command: string[], options: RunOptions) {
  const given = {
    command: command.length > 0 ? command : undefined,
    environment: options.env,
    memoryLimitBytes: options.memory,
    volumes: options.volume,
    follows: options.follows,
    address: options.address,
    mac: options.mac,
    hostName: options.hostname,
    workingDirectory: options.workdir,
    dryRun: options.dryRun,
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { name, node: options.node, image: options.image, ...present };
}

/** `tagalong run`. */
export function runCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'run <name> [command...]',
    'start a container on a node',
    'tagalong run web --node ap1 --image /srv/images/web --follows 02:00:00:00:00:01 --memory 64MiB -- /bin/server --port 80',
  )
    .requiredOption('--node <node>', 'the node that starts it', parseName)
    .requiredOption('--image <path>', 'on that node: OCI bundle, OCI image layout (path:tag) or root file system')
    .option('--env <name=value>', 'environment variable; may be repeated', collectEnvironment)
    .option('--memory <size>', 'memory limit, e.g. 64MiB', parseSize)
    .option('--volume <volume>', 'name:/path (travels) or /host/dir:/path[:ro]; may be repeated', collectVolumes)
    .option('--follows <mac>', 'the client whom the container follows', parseMac)
    .option('--address <ipv4>', 'its address; otherwise the node chooses one', parseAddress)
    .option('--mac <mac>', 'its MAC address; otherwise the node chooses one', parseMac)
    .option('--hostname <name>', 'its host name', parseName)
    .option('--workdir <path>', 'its working directory')
    .option('--dry-run', 'only say what would happen');
  return withSiteOptions(command).action(async (name: string, words: string[], options: RunOptions) => {
    const request = runRequest(parseName(name), words, options);
    const response = await withSite(options, (connection) => sendRequest(connection, 'run', request));
    if (options.json) terminal.json(response);
    else if (options.dryRun) terminal.print(`${name} could run on ${response.node}`);
    else {
      const address = response.result?.['address'];
      terminal.print(`${name} runs on ${response.node}${typeof address === 'string' ? `, address ${address}` : ''}`);
    }
  });
}
