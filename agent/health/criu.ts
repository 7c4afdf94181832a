import type { Programs } from '../../host/programs.ts';
import { attempt, type Capability, capabilityOf, probeVersion } from './programProbes.ts';

export interface CriuProbe {
  version?: string;
  capabilities: Record<'criu' | 'softDirty' | 'userfaultfd' | 'lazyPages', Capability>;
}

/** Both at once: lazy pages need what the two features give. */
function both(one: Capability, other: Capability): Capability {
  return one.available ? other : one;
}

/**
 * Asks CRIU itself what it can do with this kernel.
 *
 * `criu` means that its own check passes; `softDirty` that it can tell which pages changed (`mem_dirty_track`), so that it
 * can pre-dump; `lazyPages` that a restored process may run while its memory is still on its way (`uffd-noncoop`).
 */
export async function probeCriu(programs: Programs): Promise<CriuProbe> {
  const { capability, version } = await probeVersion(programs, 'criu', ['--version'], /^Version: (\S+)/m);
  const check = async (...parameters: string[]) =>
    capability.available ? capabilityOf('criu', await attempt(programs, 'criu', ['check', ...parameters])) : capability;
  const [works, softDirty, userfaultfd, nonCooperative] = await Promise.all([
    check(),
    check('--feature', 'mem_dirty_track'),
    check('--feature', 'uffd'),
    check('--feature', 'uffd-noncoop'),
  ]);
  const criu = works.available ? capability : works;
  return {
    ...(version === undefined ? {} : { version }),
    capabilities: { criu, softDirty, userfaultfd, lazyPages: both(userfaultfd, nonCooperative) },
  };
}
