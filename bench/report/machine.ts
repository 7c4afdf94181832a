import { cpus, release, totalmem } from 'node:os';

/** Where something was measured. */
export interface Machine {
  cpuModel: string;
  cpuCount: number;
  memoryBytes: number;
  kernel: string;
  architecture: string;
}

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpuModel: processors[0]?.model.trim() || 'unknown',
    cpuCount: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    architecture: process.arch,
  };
}
