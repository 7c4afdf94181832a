import { machine } from 'node:os';
import type { AgentConfiguration } from '../configuration.ts';
import type { NodeProbe } from '../health/capabilities.ts';
import { readMemory } from '../health/memory.ts';
import { readDisk } from '../health/readings.ts';
import type { NodeFacts } from './facts.ts';

/** What this node can say about itself to another that compares: the probe of its start, and how full it is right now. */
export async function presentFacts(node: {
  configuration: AgentConfiguration;
  probe: NodeProbe;
  containers: () => number;
  isDraining: () => boolean;
}): Promise<NodeFacts> {
  const { configuration, probe } = node;
  const [memory, disk] = await Promise.all([readMemory(), readDisk(configuration.dataDirectory)]);
  const problemOf = (name: string) => {
    const capability = probe.capabilities[name];
    return capability?.available ? undefined : (capability?.detail ?? 'it was not probed');
  };
  const [criuProblem, runcProblem, lazyProblem] = ['criu', 'runc', 'lazyPages'].map(problemOf);
  return {
    node: configuration.node,
    architecture: machine(),
    pageSizeBytes: probe.pageSizeBytes,
    cpuFeatures: probe.processor.features,
    cgroup: probe.cgroup,
    memoryAvailableBytes: memory.memoryAvailableBytes,
    diskAvailableBytes: disk.diskAvailableBytes,
    draining: node.isDraining(),
    containers: node.containers(),
    maxContainers: configuration.maxContainers,
    ...(probe.criuVersion === undefined ? {} : { criuVersion: probe.criuVersion }),
    ...(criuProblem === undefined ? {} : { criuProblem }),
    ...(runcProblem === undefined ? {} : { runcProblem }),
    ...(lazyProblem === undefined ? {} : { lazyProblem }),
  };
}
