import type { Log } from '../broker/connection.ts';
import { TagalongError } from '../broker/contract/errors.ts';
import { freezerOf } from '../host/freezer.ts';
import { ip } from '../host/ip.ts';
import type { Containers } from './containers/containers.ts';
import { cutPortCommands } from './containers/network.ts';
import type { ContainerRecord } from './containers/record.ts';
import type { ContainerAt, SiteView } from './requests/siteView.ts';

/**
 * Whether a container here has been overtaken, pure: another node has it with a higher generation, and not because a move of
 * ours brought it there. Then this one must not run.
 */
export function isOvertaken(
  record: Pick<ContainerRecord, 'generation' | 'status' | 'handOver' | 'arrival'>,
  elsewhere: Pick<ContainerAt, 'node' | 'generation'> | undefined,
  own: { node: string; isMoving: boolean },
): boolean {
  if (elsewhere === undefined || elsewhere.node === own.node || elsewhere.generation <= record.generation) return false;
  return record.status === 'running' && record.handOver === undefined && record.arrival === undefined && !own.isMoving;
}

/**
 * Stops containers that have been overtaken, whenever another node says that it has one. They stand still, out of the network,
 * and say so: their state may be what somebody still wants.
 *
 * @param isMoving - whether this node moves it elsewhere right now
 * @returns to be called when something has changed about a container here
 */
export function standDown(options: {
  node: string;
  site: Pick<SiteView, 'container' | 'onContainer'>;
  containers: Pick<Containers, 'get' | 'list' | 'place' | 'update'>;
  isMoving: (container: string) => boolean;
  log: Log;
}): (container: string) => void {
  const { node, site, containers, log } = options;
  const under = new Set<string>();

  async function stop(record: ContainerRecord, by: ContainerAt): Promise<void> {
    const { name } = record.spec;
    if (record.pid !== undefined) await (await freezerOf(record.pid)).freeze();
    const error = new TagalongError('overtaken', { container: name, node: by.node, generation: by.generation });
    log.error({ err: error }, error.message);
    await containers.update(name, { status: 'frozen', overtaken: true, error: `${error.message} ${error.remedy}` });
    await ip(cutPortCommands(containers.place(name)));
  }

  function look(name: string): void {
    const record = containers.get(name);
    const by = site.container(name);
    if (record === undefined || by === undefined || under.has(name)) return;
    if (!isOvertaken(record, by, { node, isMoving: options.isMoving(name) })) return;
    under.add(name);
    stop(record, by)
      .catch((error: unknown) =>
        log.error({ err: error, container: name }, 'an overtaken container could not be stopped'),
      )
      .finally(() => under.delete(name));
  }

  site.onContainer(look);
  for (const { spec } of containers.list()) look(spec.name);
  return look;
}
