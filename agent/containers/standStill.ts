import type { Freezer } from '../../host/freezer.ts';
import { logIsWritten } from './logWriter.ts';
import type { ContainerPlace } from './record.ts';

/** Freezes a container for a dump: CRIU can take hold of every process, and what they have printed is in the log. */
export async function standStill(freezer: Freezer, place: Pick<ContainerPlace, 'logWriterFile'>): Promise<void> {
  await freezer.freezeTraceable();
  await logIsWritten(place);
}
