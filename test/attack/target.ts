/** What an attack is, and what it is given. */

/** A run under attack. */
export interface Target {
  /** `ws://host:port` of the workers' port. */
  readonly url: string;
  /** `http://host:port/metrics`. */
  readonly metricsUrl: string;
  /** With what attackers come: the shared token, or a volunteer's. */
  readonly token: string;
  /** Facts and probe of the honest workers, which whoever has such a machine can compute. */
  readonly honest: HonestProfile;
  /** Aborted when the run has ended. */
  readonly over: AbortSignal;
  /** What to end after the run's end, and not before: the run must end by itself. */
  closeLater(close: () => void): void;
}

export interface HonestProfile {
  readonly facts: Record<string, string>;
  /** SHA-256 of the gradient of the run's probe. */
  readonly probe: string;
}

export interface Attack {
  readonly name: string;
  /** Options of the coordinator. */
  readonly flags?: string;
  /** How many honest workers there are; one unless said. */
  readonly honest?: number;
  /** As what attackers come, if not as holders of the shared token; honest workers are trusted then. */
  readonly as?: 'volunteer';
  /** Plays before honest workers come, which must find the door open; else from the first step on. */
  readonly isFirst?: boolean;
  /** What the run must keep: its bits, unless said. Without audits nothing but its life is promised against plausible lies. */
  readonly keeps?: 'bits' | 'life';
  /**
   * Resolves when all is done or in place, at the run's end at the latest, with what became of it.
   *
   * @throws Error if it could not be played, or the coordinator answered as it should not.
   */
  play(target: Target): Promise<string>;
}

/** Resolves at the run's end. */
export function ended({ over }: Target): Promise<void> {
  return new Promise((resolve) => {
    if (over.aborted) resolve();
    over.addEventListener('abort', () => resolve());
  });
}

/** Counts answers, as `3 message-invalid, 1 1006`. */
export function tally(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].map(([answer, count]) => `${count} ${answer}`).join(', ');
}

/** @throws Error unless every answer is the one that should come. */
export function expectAll(answers: readonly string[], expected: string): string {
  if (answers.some((answer) => answer !== expected)) throw new Error(`answers: ${tally(answers)}, not ${expected}`);
  return tally(answers);
}
