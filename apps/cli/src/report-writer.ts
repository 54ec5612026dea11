/** How a command that runs something writes its report: what that needs is loaded when the run is over. */
import type { Surroundings } from './supervise.ts';
import { packageVersion } from './version.ts';

/** @param moduleUrl of the built program. */
export function reportWriter(moduleUrl: string): NonNullable<Surroundings['report']> {
  return async (run) => {
    const { writeReport } = await import('./watch.ts');
    return writeReport(run, { version: packageVersion(moduleUrl), now: () => Date.now() });
  };
}
