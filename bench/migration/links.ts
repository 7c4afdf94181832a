import { TagalongError } from '../../broker/contract/errors.ts';
import { labShape } from '../../provisioning/lab/shape.ts';
import type { Conditions } from '../report/runs.ts';
import type { Listener } from './listener.ts';
import type { Stage } from './plan.ts';
import { nodeNames, sourceNode } from './site.ts';

/** Limits the uplinks of both nodes; the way between them is delayed at one of them, so that each packet waits once. */
export async function shape(lab: string, { linkMbps, rttMs }: Conditions): Promise<void> {
  for (const node of nodeNames) {
    const delay = rttMs === 0 || node !== sourceNode ? {} : { delayMs: rttMs / 2 };
    await labShape({ name: lab, node, ...(linkMbps === null ? {} : { rateMbps: linkMbps }), ...delay });
  }
}

/** Whether this kernel can delay packets. Nothing is limited afterwards. */
async function canDelay(lab: string): Promise<boolean> {
  try {
    await labShape({ name: lab, node: sourceNode, delayMs: 1 });
    await labShape({ name: lab, node: sourceNode, clear: true });
    return true;
  } catch (error) {
    if (error instanceof TagalongError && error.code === 'shaping-unavailable') return false;
    throw error;
  }
}

/** The stages that this machine can do; the listener is told of the others. */
export async function possible(lab: string, stages: readonly Stage[], listener: Listener): Promise<Stage[]> {
  const distant = stages.filter(({ conditions }) => conditions.rttMs > 0);
  if (await canDelay(lab)) return [...stages];
  const what = distant.length === 0 ? 'no round trip could be added' : `${distant.length} conditions are left out`;
  listener.onNote(`The kernel has no netem, which delays packets: ${what}; the round trip is that of one machine.`);
  return stages.filter(({ conditions }) => conditions.rttMs === 0);
}
