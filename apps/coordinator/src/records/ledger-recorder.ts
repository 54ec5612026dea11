/**
 * The run's ledger as the step loop sees it: one line for each closed step, and, after a resume, each step that is done
 * again compared with what it was the first time; and a line for each volunteer that was found wrong.
 */
import { createHash } from 'node:crypto';
import type { Distrusted } from '@gradcast/config';
import type { RunDefinition } from '@gradcast/definition';
import { firstDifference, LEDGER_FORMAT, LedgerWriter, rewindLedger } from '@gradcast/ledger';
import type { LineFileEvents } from '@gradcast/files';
import type {
  AbandonedSteps,
  EvaluatedLine,
  LedgerPosition,
  RepeatedField,
  StepBefore,
  StepLine,
} from '@gradcast/ledger';
import type { RunFolder } from '@gradcast/run-folder';
import { CoordinatorError } from '../failure.ts';
import type { ClosedRecord, StepRecord } from './records.ts';

export interface LedgerRecorderOptions {
  readonly folder: Pick<RunFolder, 'path' | 'id'>;
  readonly definition: RunDefinition;
  /** In the data set. */
  readonly samples: number;
  /** The checkpoint that the run is taken up from; undefined for a new run. */
  readonly checkpoint: { readonly step: number; readonly ledger: LedgerPosition } | undefined;
  readonly incarnation: number;
  /** Whether every worker must compute the same bits. */
  readonly exact: boolean;
  /** Whether to go on where a step done again differs from its first time. */
  readonly acceptMismatch: boolean;
  /** Key of the numeric profile of a worker. */
  readonly profileOf: (worker: string) => string | undefined;
  readonly events: LineFileEvents;
  readonly notice: (sentence: string) => void;
}

/** Milliseconds are kept to a tenth. */
const TENTHS = 10;

export class LedgerRecorder {
  readonly #options: LedgerRecorderOptions;
  readonly #writer: LedgerWriter;
  /** Steps as they were before the run was taken up, until they have been done again. */
  readonly #abandoned: AbandonedSteps | undefined;
  #differs = false;

  private constructor(options: LedgerRecorderOptions, writer: LedgerWriter, abandoned?: AbandonedSteps) {
    this.#options = options;
    this.#writer = writer;
    this.#abandoned = abandoned;
  }

  /**
   * Makes the ledger of a new run, or takes an earlier one back to its checkpoint. Its first or `resumed` line is on the
   * disk when this resolves.
   *
   * @throws LedgerError `ledger-missing`, `ledger-damaged`; RunError `out-not-writable`.
   */
  static async open(options: LedgerRecorderOptions): Promise<LedgerRecorder> {
    const { folder, definition, samples, checkpoint, incarnation, events } = options;
    if (!checkpoint) {
      const header = { kind: 'header', format: LEDGER_FORMAT, run: folder.id, ...definition, samples } as const;
      return new LedgerRecorder(options, await LedgerWriter.create(folder.path, header, { events }));
    }
    const { step, ledger } = checkpoint;
    const { abandoned, distrusted, ...position } = await rewindLedger(folder.path, { ...ledger, step });
    const writer = await LedgerWriter.open(folder.path, position, { events });
    writer.resumed(incarnation, step);
    for (const line of distrusted) writer.distrusted(line);
    await writer.sync();
    return new LedgerRecorder(options, writer, abandoned);
  }

  /** Makes ready for a step, so that what it was like before is at hand. @throws LedgerError `ledger-missing`. */
  async ahead(step: number): Promise<void> {
    await this.#abandoned?.ahead(step);
  }

  /** Lines so far, and the chain of the last; a checkpoint of the same version holds it. */
  get position(): LedgerPosition {
    return this.#writer.position;
  }

  /**
   * Adds a step's line and returns at once.
   *
   * @param state fingerprint of the replica after the step.
   * @throws CoordinatorError `redo-mismatch` if a step done again differs from its first time where it must not.
   */
  closed(record: ClosedRecord & Partial<Pick<StepRecord, 'normClipped'>>, state: string): void {
    const { version, samples, averageFingerprint, history, normClipped, exact } = record;
    const line: StepLine = {
      kind: 'step',
      step: version,
      outcome: averageFingerprint === null ? 'skipped' : 'closed',
      from: (version - 1) * samples,
      to: version * samples,
      results: history.map(({ start, size, worker, outcome, ms, volunteer }) => {
        const whose = volunteer === undefined ? { worker } : { worker, volunteer };
        return { start, size, ...whose, outcome, ms: Math.round(ms * TENTHS) / TENTHS };
      }),
      profiles: this.#profiles(history),
      average: averageFingerprint,
      state,
      ...(normClipped === true && { normClipped }),
      ...(!exact && { exact: false as const }),
    };
    const before = this.#abandoned?.take(version);
    const difference = before && firstDifference(before, line);
    if (before && difference) this.#tellDifference(before, line, difference);
    this.#writer.step(line);
  }

  /** Adds the line of a score that has taken effect and returns at once. */
  evaluated(line: Omit<EvaluatedLine, 'kind'>): void {
    this.#writer.evaluated(line);
  }

  /** Adds the line of a volunteer that was found wrong and returns at once. */
  distrusted({ worker, session: volunteer, step, start, size, uses }: Distrusted): void {
    const { incarnation } = this.#options;
    this.#writer.distrusted({ incarnation, worker, volunteer, step, start, size, uses });
  }

  /** Resolves once every line so far is safe on the disk. @throws RunError `out-not-writable`. */
  sync(): Promise<void> {
    return this.#writer.sync();
  }

  /** Writes what is left, and closes the file even if that fails. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  /** Results of one profile must repeat; once a mixture of profiles has led the run elsewhere, nothing need. */
  #tellDifference(before: StepBefore, now: StepLine, field: RepeatedField): void {
    if (this.#differs) return;
    const sentence = `step ${now.step} done again differs from its first time: its ${field} was ${before[field]} and is ${now[field]}`;
    const mustRepeat = now.exact !== false && before.exact !== false;
    const oneProfile = now.profiles.length === 1 && before.profiles.join() === now.profiles.join();
    if (mustRepeat && (this.#options.exact || oneProfile)) {
      if (!this.#options.acceptMismatch) {
        throw new CoordinatorError('redo-mismatch', `${sentence}; --accept-redo-mismatch goes on with what it is`);
      }
      this.#differs = true;
      const { step } = now;
      this.#writer.accepted({ step, field, before: String(before[field]), now: String(now[field]) });
      this.#options.notice(`${sentence}; it is accepted, and the ledger says so`);
      return;
    }
    this.#differs = true;
    this.#options.notice(`${sentence}; workers of different numeric profiles computed them`);
  }

  /** Digests of the profiles whose results were or may have been used. */
  #profiles(history: ClosedRecord['history']): string[] {
    const digests = new Set<string>();
    for (const { worker, outcome } of history) {
      const profile = outcome === 'late' || outcome === 'refuted' ? undefined : this.#options.profileOf(worker);
      if (profile !== undefined) digests.add(profileDigest(profile));
    }
    return [...digests].sort();
  }
}

/** The first 64 bits of the SHA-256 of a profile's key, in hex. */
function profileDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
