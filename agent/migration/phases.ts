import type { z } from 'zod';
import type { migrationPhaseSchema } from '../../broker/contract/documents.ts';

export type Phase = z.output<typeof migrationPhaseSchema>;

/**
 * The phases of a migration in order. Until the commit, which ends `restoring`, the source can resume at once and a cancel
 * is obeyed. In `lazy` the container runs at the destination while pages of it are still here. An end state has no successor.
 */
export const phaseTable: Record<Phase, { cancellable: boolean; end: boolean }> = {
  accepted: { cancellable: true, end: false },
  preparing: { cancellable: true, end: false },
  copying: { cancellable: true, end: false },
  freezing: { cancellable: true, end: false },
  switching: { cancellable: true, end: false },
  restoring: { cancellable: true, end: false },
  lazy: { cancellable: false, end: false },
  completed: { cancellable: false, end: true },
  failed: { cancellable: false, end: true },
  cancelled: { cancellable: false, end: true },
};
