/** What TensorFlow says on standard error, as far as it tells a user something. */

/** Lines that TensorFlow prints while it loads and that tell a user nothing. */
const NOISE = [/^WARNING: All log messages before absl::InitializeLog\(\)/, /oneDNN custom operations are on/];

/** The lines that are worth reading. */
export function withoutNoise(written: string): string[] {
  return written.split('\n').filter((line) => line !== '' && !NOISE.some((noise) => noise.test(line)));
}
