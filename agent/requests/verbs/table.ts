import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { cancelVerb } from './cancel.ts';
import { checkpointVerb } from './checkpoint.ts';
import { describeVerb } from './describe.ts';
import { drainVerb, undrainVerb } from './drain.ts';
import { migrateVerb } from './migrate.ts';
import { pinVerb } from './pin.ts';
import { prepareVerb, unprepareVerb } from './prepare.ts';
import { resolveVerb } from './resolve.ts';
import { restoreVerb } from './restore.ts';
import { runVerb } from './run.ts';
import { stopVerb } from './stop.ts';

/** How this node obeys each verb. */
export function verbTable(node: NodeParts): Handlers {
  return {
    run: runVerb(node),
    stop: stopVerb(node),
    migrate: migrateVerb(node),
    cancel: cancelVerb(node),
    prepare: prepareVerb(node),
    unprepare: unprepareVerb(node),
    checkpoint: checkpointVerb(node),
    restore: restoreVerb(node),
    resolve: resolveVerb(node),
    pin: pinVerb(node, true),
    unpin: pinVerb(node, false),
    drain: drainVerb(node),
    undrain: undrainVerb(node),
    describe: describeVerb(node),
  };
}
