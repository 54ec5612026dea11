/** The ledger as a report reads it: once, line by line, with its chain checked on the way. */
import { LedgerError, ledgerLines } from '@gradcast/ledger';
import type { StepLine } from '@gradcast/ledger';

/** Profiles that are told apart. */
const MOST_PROFILES = 64;

export interface RecordedLedger {
  /** Lines that are whole and chained, and the chain of the last. */
  readonly lines: number;
  readonly head: string;
  readonly steps: number;
  readonly skipped: number;
  /** Steps by the digest of a numeric profile that had part in them. */
  readonly profiles: ReadonlyMap<string, number>;
  /** Samples in the data set, as its first line says. */
  readonly samples: number | undefined;
  /** One sentence, if it is not whole; what stands before that was read. */
  readonly fault: string | undefined;
}

/** @param onStep told of each step, in order. */
export async function readLedgerOf(run: string, onStep: (line: StepLine) => void): Promise<RecordedLedger> {
  const found = { lines: 0, head: '', steps: 0, skipped: 0, samples: undefined as number | undefined };
  const profiles = new Map<string, number>();
  const lines = ledgerLines(run);
  let fault: string | undefined;
  try {
    for (;;) {
      const next = await lines.next();
      if (next.done) {
        const { length, unfinished } = next.value;
        if (next.value.fault) fault = `line ${length + 1} of the ledger ${next.value.fault.sentence}`;
        else if (unfinished) fault = 'the last line of the ledger was not finished and does not count';
        break;
      }
      for (const { line, number, chain } of next.value) {
        found.lines = number;
        found.head = chain;
        if (line.kind === 'header') found.samples = line.samples;
        if (line.kind !== 'step') continue;
        found.steps++;
        if (line.outcome === 'skipped') found.skipped++;
        for (const profile of line.profiles) {
          if (profiles.has(profile) || profiles.size < MOST_PROFILES) {
            profiles.set(profile, (profiles.get(profile) ?? 0) + 1);
          }
        }
        onStep(line);
      }
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    fault =
      error.code === 'ledger-missing'
        ? 'the run has no ledger that can be read'
        : 'a part of the ledger is damaged or missing';
  }
  return { ...found, profiles, fault };
}
