/**
 * Run ids: `20261123-044812-mnist-4f2a`, the start in UTC, the preset or task, and four hexadecimal digits that tell runs of
 * the same second apart. Sorted as text they are sorted by time.
 */
const RUN_ID = /^([0-9]{4})([0-9]{2})([0-9]{2})-([0-9]{2})([0-9]{2})([0-9]{2})-[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{4}$/;

/**
 * @param seconds start of the run, whole seconds since 1970 UTC.
 * @param random a number in [0, 1).
 */
export function formatRunId(seconds: number, preset: string, random: number): string {
  const digits = new Date(seconds * 1000).toISOString().replaceAll(/[-:]/g, '');
  const suffix = Math.floor(random * 0x10000)
    .toString(16)
    .padStart(4, '0');
  return `${digits.slice(0, 8)}-${digits.slice(9, 15)}-${preset}-${suffix}`;
}

/** The start of a run in seconds since 1970 UTC; undefined if the text is no run id. */
export function runIdSeconds(id: string): number | undefined {
  const match = RUN_ID.exec(id);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}
