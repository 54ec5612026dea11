/** What the command's exit code tells a script or a scheduler. */
export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
/** The command line, environment or file is wrong; trying again changes nothing. */
export const EXIT_USAGE = 2;

/** 130 after Ctrl-C, 143 after a polite kill: stopped cleanly, with a checkpoint. */
export function exitAfter(signal: StopSignal): number {
  return signal === 'SIGINT' ? 130 : 143;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';
