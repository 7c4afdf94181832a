import { availableParallelism, hostname, machine, release } from 'node:os';
import type { DraftOf, MessageOf } from '../../broker/contract/topics.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { NodeProbe } from './capabilities.ts';

export interface NodeFacts {
  hostName: string;
  /** As `uname -m` says it, e.g. `x86_64` or `aarch64`. */
  architecture: string;
  kernel: string;
  cpuCount: number;
}

export interface NodeDescription {
  configuration: AgentConfiguration;
  session: string;
  probe: NodeProbe;
  radios: MessageOf<'nodeInfo'>['radios'];
  agentVersion: string;
  /** When it is said; now by default. */
  at?: Date;
  facts?: NodeFacts;
}

/** What the running kernel says of itself. */
export function nodeFacts(): NodeFacts {
  return { hostName: hostname(), architecture: machine(), kernel: release(), cpuCount: availableParallelism() };
}

/** The birth certificate of a node: what it is and what it can do, as data for `node/{node}/info`. */
export function describeNode(description: NodeDescription): DraftOf<'nodeInfo'> {
  const { configuration, probe } = description;
  const { model, features } = probe.processor;
  return {
    session: description.session,
    at: (description.at ?? new Date()).toISOString(),
    agentVersion: description.agentVersion,
    ...(description.facts ?? nodeFacts()),
    pageSizeBytes: probe.pageSizeBytes,
    ...(model === undefined ? {} : { cpuModel: model }),
    cpuFeatures: features,
    memoryBytes: probe.memoryBytes,
    cgroup: probe.cgroup,
    ...(probe.criuVersion === undefined ? {} : { criuVersion: probe.criuVersion }),
    ...(probe.runcVersion === undefined ? {} : { runcVersion: probe.runcVersion }),
    capabilities: probe.capabilities,
    dataPlane: configuration.dataPlane,
    radios: description.radios,
    accessPoint: configuration.accessPoint !== undefined,
    maxContainers: configuration.maxContainers,
  };
}
