import { type ParametersOf, parameterSchemas, type TopicName, topicNames, topicTable } from './topics.ts';

/** The version of the contract's root: a breaking change becomes `v2` beside it. */
export const contractVersion = 'v1';

/** `tagalong/v1/{site}`: the root of all topics of a site. */
export function rootOf(site: string): string {
  return `tagalong/${contractVersion}/${site}`;
}

/** The full topic of one message. */
export function topicOf<T extends TopicName>(site: string, name: T, parameters: ParametersOf<T>): string {
  const values = parameters as Record<string, string>;
  const levels = topicTable[name].pattern.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? `{${key}}`);
  return `${rootOf(site)}/${levels}`;
}

/** The filter that matches all messages of a topic, `+` standing for each parameter that is not given. */
export function filterOf<T extends TopicName>(
  site: string,
  name: T,
  parameters: Partial<ParametersOf<T>> = {},
): string {
  const values = parameters as Record<string, string | undefined>;
  const levels = topicTable[name].pattern.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '+');
  return `${rootOf(site)}/${levels}`;
}

export interface LocatedTopic {
  name: TopicName;
  parameters: Record<string, string>;
}

/** Which row of the contract a topic belongs to, with its parameters; undefined for a foreign or malformed topic. */
export function locate(site: string, topic: string): LocatedTopic | undefined {
  const root = `${rootOf(site)}/`;
  if (!topic.startsWith(root)) return undefined;
  const levels = topic.slice(root.length).split('/');
  for (const name of topicNames) {
    const parameters = match(topicTable[name].pattern.split('/'), levels);
    if (parameters) return { name, parameters };
  }
  return undefined;
}

function match(pattern: string[], levels: string[]): Record<string, string> | undefined {
  if (pattern.length !== levels.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const level = levels[index] ?? '';
    const key = /^\{(\w+)\}$/.exec(part)?.[1];
    if (key === undefined) {
      if (part !== level) return undefined;
      continue;
    }
    const checked = parameterSchemas[key]?.safeParse(level);
    if (!checked?.success) return undefined;
    parameters[key] = checked.data;
  }
  return parameters;
}
