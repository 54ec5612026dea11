/** What the commands `chaos`, `soak` and `attack` have in common. */
import { refuseWords, wordsOf } from '../../bin/words.mjs';

/** Exit codes by signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

/** Whoever ends the command before its time gets all that it started closed before it exits. */
export function closeOnSignal(close: () => Promise<void>): void {
  for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => void close().finally(() => process.exit(exitCode)));
  }
}

/** `--minutes M --seed S`; does not return if they are wrong. */
export function durationOf(
  tool: string,
  { minutes: usual, most }: { readonly minutes: number; readonly most: number },
): { minutes: number; seed: number } {
  const words = wordsOf(tool, {
    minutes: { type: 'string', default: `${usual}` },
    seed: { type: 'string', default: '1' },
  });
  const [minutes, seed] = [Number(words.minutes), Number(words.seed)];
  if (!(minutes > 0 && minutes <= most)) refuseWords(tool, `--minutes takes a number above 0, at most ${most}`);
  if (!Number.isSafeInteger(seed) || seed < 0) refuseWords(tool, '--seed takes an integer, 0 or more');
  return { minutes, seed };
}
