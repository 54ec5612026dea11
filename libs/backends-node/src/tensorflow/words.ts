/** What TensorFlow says on standard error, as far as it tells a user something. */

/** Lines that TensorFlow prints while it loads and that tell a user nothing. */
const NOISE = [/^WARNING: All log messages before absl::InitializeLog\(\)/, /oneDNN custom operations are on/];

/** The lines that are worth reading. */
export function withoutNoise(written: string): string[] {
  return written.split('\n').filter((line) => line !== '' && !NOISE.some((noise) => noise.test(line)));
}

/** A warning, an error or a fatal error in the form that absl logs them: severity and date, time, thread, place. */
const COMPLAINT = /^[WEF]\d{4} [\d:.]+ +\d+ [^\]]+\] (.+)$/;

const MOST_COMPLAINTS = 3;
const LONGEST_CHARACTERS = 240;

/** What it complained of last, each once and in its own words; empty if it did not. */
export function complaintsIn(written: string): string {
  const words = written.split('\n').flatMap((line) => COMPLAINT.exec(line.trimEnd())?.[1] ?? []);
  const last = [...new Set(words)].slice(-MOST_COMPLAINTS);
  return last.map((each) => each.slice(0, LONGEST_CHARACTERS)).join(' | ');
}

/** Whether it complains of libraries, not of the driver or the device. */
export function lacksLibraries(complaints: string): boolean {
  return /dlopen|dynamic library|shared object/i.test(complaints);
}
