/**
 * What a ledger proves by itself: that every step was closed once, in order, that their stream ranges lie end to end,
 * and that each used every one of its leaves exactly once. With the stream's permutations it follows how often each
 * sample was used; that is counted, not assumed.
 */
import { globalBatch, isSubtree, SampleStream } from '@gradcast/schedule';
import { LedgerError } from './errors.ts';
import type { LedgerErrorCode } from './errors.ts';
import { coverFault } from './cover.ts';
import { readLedger } from './reader.ts';
import type { Ledger, LedgerEnd, PlacedLine } from './reader.ts';
import type { DistrustedLine, HeaderLine, StepLine } from './record.ts';
import { Verdicts } from './verdicts.ts';

/** Volunteers found wrong that a proof names. */
const MOST_NAMED = 64;

export interface LedgerProof {
  /** Steps with a line; the last of them is this step. */
  readonly steps: number;
  readonly skipped: number;
  /** Steps that came out otherwise when they were done again, and were accepted. */
  readonly accepted: number;
  /** How often a coordinator took the run up. */
  readonly resumed: number;
  /** Volunteers that were found wrong, the first of them, and how many there are. */
  readonly distrusted: { readonly first: readonly DistrustedLine[]; readonly count: number };
  /** Stream positions used. */
  readonly positions: number;
  /** Samples in the data set. */
  readonly samples: number;
  /** Passes over the data in which every sample was used exactly once. */
  readonly wholeEpochs: number;
  /** Samples used once in the pass that is not whole. */
  readonly tail: number;
}

/** A proof and the end of the ledger that it is about. */
export interface ProvenLedger {
  readonly proof: LedgerProof;
  readonly end: LedgerEnd;
}

/**
 * Reads a ledger to its end and proves it.
 *
 * @param onLine told of each line that fits those before it.
 * @throws LedgerError `ledger-gap` or `ledger-order` naming the first line and field that break the proof; `ledger-missing`,
 *   `ledger-damaged`.
 */
export async function proveLedger(
  { run, path, header }: Ledger,
  onLine: (line: PlacedLine) => void = () => undefined,
): Promise<ProvenLedger> {
  const prover = new Prover(path, header);
  const end = await readLedger(run, (line) => {
    prover.take(line);
    onLine(line);
  });
  return { proof: prover.proof(), end };
}

class Prover {
  readonly #path: string;
  readonly #header: HeaderLine;
  readonly #batch: number;
  readonly #verdicts: Verdicts;
  #steps = 0;
  #skipped = 0;
  #resumed = 0;
  #accepted = 0;
  readonly #distrusted: DistrustedLine[] = [];
  #distrustedCount = 0;

  constructor(path: string, header: HeaderLine) {
    this.#path = path;
    this.#header = header;
    this.#batch = globalBatch(header);
    this.#verdicts = new Verdicts(header);
  }

  take({ line, number }: PlacedLine): void {
    const fail = (code: LedgerErrorCode, field: string, sentence: string): never => {
      throw new LedgerError(code, `${this.#path}: line ${number} (${field}): ${sentence}`, { line: number, field });
    };
    switch (line.kind) {
      case 'header':
        if (number > 1) fail('ledger-order', 'kind', 'a second header');
        break;
      case 'gap':
        fail('ledger-gap', 'kind', `the lines of steps ${line.from} to ${line.to} were lost when the disk was full`);
        break;
      case 'resumed':
        if (line.from !== this.#steps) {
          fail('ledger-order', 'from', `resumed at step ${line.from} after step ${this.#steps}`);
        }
        this.#resumed += 1;
        break;
      case 'accepted':
        if (line.step !== this.#steps + 1) {
          fail('ledger-order', 'step', `accepts step ${line.step} after step ${this.#steps}`);
        }
        this.#accepted += 1;
        break;
      case 'distrusted': {
        const fault = usesFault(line, { open: this.#steps + 1, leaves: this.#header.microBatches });
        if (fault) fail('ledger-order', 'uses', fault);
        if (this.#distrusted.length < MOST_NAMED) this.#distrusted.push(line);
        this.#distrustedCount += 1;
        break;
      }
      case 'evaluated': {
        const fault = this.#verdicts.evaluated(line, this.#steps);
        if (fault) fail('ledger-order', fault.field, fault.sentence);
        break;
      }
      case 'step': {
        const expected = { step: this.#steps + 1, batch: this.#batch, leaves: this.#header.microBatches };
        const fault = stepFault(line, expected) ?? this.#verdicts.beforeStep(line.step);
        if (fault) fail('ledger-order', fault.field, fault.sentence);
        this.#steps += 1;
        if (line.outcome === 'skipped') this.#skipped += 1;
        break;
      }
      default:
        line satisfies never;
    }
  }

  proof(): LedgerProof {
    const { seed, samples } = this.#header;
    const positions = this.#steps * this.#batch;
    const wholeEpochs = Math.floor(positions / samples);
    countUses({ samples, seed, positions });
    return {
      steps: this.#steps,
      skipped: this.#skipped,
      accepted: this.#accepted,
      resumed: this.#resumed,
      distrusted: { first: this.#distrusted, count: this.#distrustedCount },
      positions,
      samples,
      wholeEpochs,
      tail: positions - wholeEpochs * samples,
    };
  }
}

interface Expected {
  readonly step: number;
  readonly batch: number;
  readonly leaves: number;
}

function stepFault(line: StepLine, { step, batch, leaves }: Expected): { field: string; sentence: string } | undefined {
  const at = `step ${line.step}`;
  const from = (step - 1) * batch;
  if (line.step !== step) return { field: 'step', sentence: `${at} where step ${step} belongs` };
  if (line.from !== from) return { field: 'from', sentence: `${at} begins at position ${line.from}, not ${from}` };
  if (line.to !== from + batch) {
    return { field: 'to', sentence: `${at} ends at position ${line.to}, not ${from + batch}` };
  }
  if ((line.average === null) !== (line.outcome === 'skipped')) {
    return { field: 'average', sentence: `${at} is ${line.outcome} and its average says otherwise` };
  }
  const cover = coverFault(line.results, leaves);
  return cover === undefined ? undefined : { field: 'results', sentence: `${at} ${cover}` };
}

/** What of a volunteer is named must have been leased: leaves of a step that is closed, or of the one that was open. */
function usesFault(
  { uses }: DistrustedLine,
  { open, leaves }: { readonly open: number; readonly leaves: number },
): string | undefined {
  const later = uses.find(({ step }) => step > open);
  if (later) return `names a use in step ${later.step} before step ${open} closed`;
  const outside = uses.find((use) => !isSubtree(use, leaves));
  return outside && `names leaves ${outside.start} to ${outside.start + outside.size - 1}, no subtree of ${leaves}`;
}

/** Counts the samples of every position. @throws LedgerError if an epoch holds a sample twice, which no stream does. */
function countUses({ samples, seed, positions }: { samples: number; seed: number; positions: number }): void {
  const stream = new SampleStream({ samples, seed });
  const usedInEpoch = new Uint32Array(samples);
  for (let first = 0, epoch = 1; first < positions; first += samples, epoch++) {
    for (const sample of stream.samplesAt(first, Math.min(samples, positions - first))) {
      if (usedInEpoch[sample] === epoch) {
        throw new LedgerError('ledger-order', `sample ${sample} occurs twice in epoch ${epoch}`, { field: 'seed' });
      }
      usedInEpoch[sample] = epoch;
    }
  }
}
