import { randomBytes } from 'node:crypto';
import { type ConnectionOptions, connectToSite, type SiteConnection } from '../../broker/connection.ts';
import { type RunningBroker, startBroker } from '../../broker/embedded/broker.ts';
import { brokerConfigurationSchema } from '../../broker/embedded/configuration.ts';
import type { Logger } from '../../host/log.ts';
import { startController } from '../../policies/controller/controller.ts';
import type { ControllerConfiguration } from './controllerConfiguration.ts';

/** What runs of a site in this process. */
export interface RunningSite {
  /** Of the embedded broker; empty with a foreign one. */
  urls: RunningBroker['urls'];
  stop(): Promise<void>;
}

/** The policies' own user: made anew at each start and never written down. */
function ownUser() {
  const suffix = randomBytes(6).toString('hex');
  return { name: `policies-${suffix}`, role: 'controller' as const, password: randomBytes(24).toString('base64url') };
}

/** What to undo, newest first. */
function makeUndo() {
  const steps: (() => Promise<void>)[] = [];
  return {
    add: (step: () => Promise<void>) => void steps.unshift(step),
    async run() {
      for (const step of steps.splice(0)) await step();
    },
  };
}

/**
 * Starts the broker, the policies, or both, as the configuration says.
 *
 * @throws TagalongError of either part; whatever had been started is stopped again
 */
export async function startSite(configuration: ControllerConfiguration, log: Logger): Promise<RunningSite> {
  const undo = makeUndo();
  try {
    const user = ownUser();
    const broker = await startOwnBroker(configuration, user, log);
    if (broker !== undefined) undo.add(() => broker.close());
    if (configuration.policies.followUser) {
      const connection = await connectPolicies(configuration, broker, user, log);
      undo.add(() => connection.close());
      const controller = await startController({ connection, log });
      undo.add(() => controller.stop());
    }
    return { urls: broker?.urls ?? {}, stop: () => undo.run() };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function startOwnBroker(
  configuration: ControllerConfiguration,
  user: ReturnType<typeof ownUser>,
  log: Logger,
): Promise<RunningBroker | undefined> {
  if (configuration.connect !== undefined) return undefined;
  const broker = configuration.broker ?? brokerConfigurationSchema.parse({ site: configuration.site });
  return await startBroker({ ...broker, users: [...broker.users, user] }, log);
}

function connectPolicies(
  { site, connect: foreign }: ControllerConfiguration,
  broker: RunningBroker | undefined,
  user: ReturnType<typeof ownUser>,
  log: Logger,
): Promise<SiteConnection> {
  const common = { site, log, clientId: user.name };
  if (broker !== undefined) {
    const { openStream } = broker;
    return connectToSite({
      ...common,
      url: 'mqtt://embedded',
      openStream,
      username: user.name,
      password: user.password,
    });
  }
  const options: ConnectionOptions = { ...common, url: foreign?.url ?? '' };
  if (foreign?.username !== undefined) options.username = foreign.username;
  if (foreign?.password !== undefined) options.password = foreign.password;
  return connectToSite(options);
}
