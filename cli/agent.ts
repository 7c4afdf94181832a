import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `tagalong agent`. */
export function agentCommand(terminal: Terminal): Command {
  return makeCommand('agent', 'run the agent of this node', 'tagalong agent --config /etc/tagalong/agent.yaml')
    .requiredOption('--config <file>', 'YAML; see agent/configuration.ts')
    .action(async (options: { config: string; json?: boolean }) => {
      const { agentConfigurationSchema } = await import('../agent/configuration.ts');
      const { readConfiguration } = await import('./daemon/configurationFile.ts');
      const configuration = await readConfiguration(options.config, agentConfigurationSchema);
      const { makeLog } = await import('../host/log.ts');
      const { startAgent } = await import('../agent/agent.ts');
      const { stopSignal } = await import('./daemon/stopSignal.ts');
      const log = makeLog('agent');
      const stopping = stopSignal();
      const agent = await startAgent(configuration, log);
      if (options.json) terminal.json({ site: configuration.site, node: configuration.node }, 'line');
      else terminal.print(`node ${configuration.node} of site ${configuration.site}`);
      log.info({ signal: await stopping }, 'stopping');
      await agent.stop();
    });
}
