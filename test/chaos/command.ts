/** What the commands `chaos`, `soak` and `attack` have in common. */
import { parseArgs } from 'node:util';

/** Exit codes by signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

/** Whoever ends the command before its time gets all that it started closed before it exits. */
export function closeOnSignal(close: () => Promise<void>): void {
  for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => void close().finally(() => process.exit(exitCode)));
  }
}

/** `--minutes M --seed S`. @returns a sentence if they are wrong. */
export function durationOf(
  args: readonly string[],
  { minutes: usual, most }: { minutes: number; most: number },
): { minutes: number; seed: number } | string {
  try {
    const options = {
      minutes: { type: 'string', default: `${usual}` },
      seed: { type: 'string', default: '1' },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
    if (!(minutes > 0 && minutes <= most)) return `--minutes takes a number above 0, at most ${most}`;
    if (!Number.isSafeInteger(seed) || seed < 0) return '--seed takes an integer, 0 or more';
    return { minutes, seed };
  } catch (error) {
    return (error as Error).message;
  }
}
