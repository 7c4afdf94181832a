/** What /proc/cpuinfo says of the processors. */
export interface Processor {
  model?: string;
  /** What all processors can, sorted: a program may be put on any of them. */
  features: string[];
}

/** `flags` on x86, `Features` on ARM; RISC-V has one string for all extensions. */
const featureKeys = new Set(['flags', 'Features', 'isa']);
/** In the order in which they are believed; `Model` is the board of a Raspberry Pi. */
const modelKeys = ['model name', 'Model', 'Hardware', 'cpu model', 'uarch'] as const;

/**
 * Reads /proc/cpuinfo.
 *
 * @param cpuinfo - its text
 */
export function parseProcessor(cpuinfo: string): Processor {
  let features: Set<string> | undefined;
  const values = new Map<string, string>();
  for (const line of cpuinfo.split('\n')) {
    const at = line.indexOf(':');
    if (at < 0) continue;
    const [key, value] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    if (!values.has(key)) values.set(key, value);
    if (!featureKeys.has(key)) continue;
    const own = new Set(value.split(/\s+/).filter((word) => word !== ''));
    features = features === undefined ? own : new Set([...features].filter((feature) => own.has(feature)));
  }
  const model = modelKeys.map((key) => values.get(key)).find((value) => value !== undefined && value !== '');
  return { ...(model === undefined ? {} : { model }), features: [...(features ?? [])].sort() };
}
