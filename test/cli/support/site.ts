import type { ExecutionContext } from 'ava';
import { connectToSite, type SiteConnection } from '../../../broker/connection.ts';
import type { Response, Verb } from '../../../broker/contract/requests.ts';
import { requestTopicOf } from '../../../broker/contract/topics.ts';
import { startBroker } from '../../../broker/embedded/broker.ts';
import { runCommandLine } from '../../../cli/commandLine.ts';
import { makeLog } from '../../../host/log.ts';
import { makeRecorder } from './recorder.ts';

const password = 'only for this test';

/** A real broker on a free port with a node `ap1`, and the command line against it. */
export interface TestSite {
  url: string;
  /** Connected as the node `ap1`. */
  node: SiteConnection;
  /** Runs a site command as the operator. */
  tagalong(...words: string[]): Promise<{ exitCode: number; output: string; errors: string }>;
  /** Lets the node answer requests of one verb. */
  obey(verb: Verb, answer: (request: Record<string, unknown>) => Partial<Response>[]): Promise<void>;
}

export async function startTestSite(t: ExecutionContext): Promise<TestSite> {
  const log = makeLog('test', 'fatal');
  const broker = await startBroker(
    {
      listeners: { mqtt: { host: '127.0.0.1', port: 0 } },
      users: [
        { name: 'ap1', role: 'node', password },
        { name: 'operator', role: 'operator', password },
      ],
    },
    log,
  );
  t.teardown(() => broker.close());
  const url = broker.urls.mqtt ?? '';
  const node = await connectToSite({ url, site: 'default', clientId: 'ap1', username: 'ap1', password, log });
  t.teardown(() => node.close());
  process.env['TAGALONG_PASSWORD'] = password;
  return {
    url,
    node,
    async tagalong(...words) {
      const recorder = makeRecorder();
      const where = ['--broker', url, '--user', 'operator'];
      const exitCode = await runCommandLine([words[0] ?? '', ...where, ...words.slice(1)], recorder.terminal);
      return { exitCode, output: recorder.output(), errors: recorder.errors() };
    },
    async obey(verb, answer) {
      await node.subscribe(requestTopicOf(verb), {}, async ({ message }) => {
        const request = message as Record<string, unknown> & { id: string };
        for (const part of answer(request)) {
          const response = { id: request.id, verb, status: 'done', node: 'ap1', at: new Date().toISOString(), ...part };
          await node.publish('response', { verb, id: request.id }, response as Response);
        }
      });
    },
  };
}
