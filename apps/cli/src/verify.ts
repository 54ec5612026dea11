/**
 * `gradcast verify`: proves from a run's folder that every step was closed once and every sample used as often as it
 * should be, and that ledger, newest checkpoint and summary speak of one run. Nothing is computed anew.
 */
import { createHash } from 'node:crypto';
import { CheckpointError } from '@gradcast/checkpoint';
import { RunError } from '@gradcast/files';
import { LedgerError, type LedgerProof } from '@gradcast/ledger';
import { stateBytes, StateMismatchError, type TrainingState } from '@gradcast/optimizer';
import { EXIT_DONE, EXIT_FAILED } from './exit-codes.ts';
import { mismatch, openRecordedRun, recordedState, testify, type RecordedRun } from './recorded-run.ts';

export interface VerifyRequest {
  /** Run folder. */
  readonly run: string;
  /** One JSON object instead of a sentence. */
  /** The user's task file; null looks where the run was started with it. */
  readonly task: string | null;
  readonly json: boolean;
}

/** What a run's folder proves. */
export interface RunProof extends LedgerProof {
  /** Lines of the ledger, all chained. */
  readonly lines: number;
  /** Step of the newest checkpoint, whose state and place in the ledger are right. */
  readonly checkpointStep: number;
  /** Whether the digests in summary.json are those of the newest checkpoint; null if the run is not over. */
  readonly summary: true | null;
  /** What a reader should know besides. */
  readonly notes: readonly string[];
}

/**
 * Checks everything.
 *
 * @throws RunError, LedgerError, CheckpointError or StateMismatchError for the first thing that is wrong.
 */
export async function verifyRun(path: string, taskFile: string | null = null): Promise<RunProof> {
  const run = await openRecordedRun(path, taskFile);
  const { checkpoint, damaged } = await run.checkpoints.loadNewest();
  const testimony = await testify(run.ledger, checkpoint.info);
  const { proof, end } = testimony;
  const state = recordedState(run, checkpoint, testimony);
  const summary = assertSummary(run, state, end.length);
  const notes = damaged.map(({ message }) => `${message}; the checkpoint before it was taken`);
  const unsaved = proof.steps - state.version;
  if (unsaved > 0) notes.push(`the last ${unsaved === 1 ? 'step is' : `${unsaved} steps are`} not in a checkpoint yet`);
  const accepted = proof.accepted === 1 ? '1 step' : `${proof.accepted} steps`;
  if (proof.accepted > 0) notes.push(`${accepted} came out otherwise when done again, which was accepted`);
  notes.push(...distrustNotes(proof.distrusted));
  if (end.unfinished) notes.push('the last line was not finished and does not count');
  return { ...proof, lines: end.length, checkpointStep: state.version, summary, notes };
}

/** Volunteers that are named one by one, and uses of each. */
const NAMED = 8;

/** What is in the model of volunteers that were found wrong later, unchecked. */
function distrustNotes({ first, count }: LedgerProof['distrusted']): string[] {
  const notes = first.slice(0, NAMED).map(({ worker, step, uses }) => {
    const named = uses.slice(-NAMED).map(({ step, start, size }) => `step ${step} ${leavesFrom(start, size)}`);
    const more = uses.length > NAMED ? `${uses.length - NAMED} more and ` : '';
    const used = named.length === 0 ? 'nothing' : `${more}${named.join(', ')}`;
    return `the volunteer ${worker} was found wrong at step ${step}; used of it, unchecked since it was right last: ${used}`;
  });
  return count > NAMED ? [...notes, `${count - NAMED} more volunteers were found wrong; the ledger names them`] : notes;
}

function leavesFrom(start: number, size: number): string {
  return size === 1 ? `leaf ${start}` : `leaves ${start} to ${start + size - 1}`;
}

/** @throws LedgerError `ledger-mismatch` if the summary speaks of another state than the newest checkpoint holds. */
function assertSummary({ ledger, summary }: RecordedRun, state: TrainingState, lines: number): true | null {
  if (summary === undefined) return null;
  const theirs = Object(summary) as Readonly<Record<string, unknown>>;
  const bytes = stateBytes(state.vectors);
  const ours: Readonly<Record<string, unknown>> = {
    runId: ledger.header.run,
    steps: state.version,
    parametersSha256: sha256(bytes.slice(0, 1)),
    stateSha256: sha256(bytes),
  };
  for (const [field, value] of Object.entries(ours)) {
    if (theirs[field] === value) continue;
    const sentence = `${field} is ${String(value)} by ledger and checkpoint, but ${JSON.stringify(theirs[field])} in summary.json`;
    throw mismatch(ledger, { line: lines, field }, sentence);
  }
  return true;
}

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Verifies a run for a user; returns the exit code. Errors are thrown, and with `json` also printed. */
export async function runVerify({ run, task, json }: VerifyRequest, say: (line: string) => void): Promise<number> {
  try {
    const proof = await verifyRun(run, task);
    if (json) say(JSON.stringify({ type: 'verified', ok: true, ...proof }));
    else for (const sentence of [sentenceOf(proof), ...proof.notes.map((note) => `note: ${note}`)]) say(sentence);
    return EXIT_DONE;
  } catch (error) {
    if (!json || !isRefusal(error)) throw error;
    const { line = null, field = null } = error instanceof LedgerError ? error : {};
    say(JSON.stringify({ type: 'verified', ok: false, code: error.code, sentence: error.message, line, field }));
    return error instanceof RunError ? error.exitCode : EXIT_FAILED;
  }
}

function isRefusal(error: unknown): error is LedgerError | CheckpointError | RunError | StateMismatchError {
  const kinds = [LedgerError, CheckpointError, RunError, StateMismatchError];
  return kinds.some((kind) => error instanceof kind);
}

/** The proof in one line. */
export function sentenceOf(proof: RunProof): string {
  const { steps, skipped, resumed, positions, samples, wholeEpochs, tail, lines, checkpointStep, summary } = proof;
  const uses = [
    ...(wholeEpochs > 0 ? [`each of ${samples} samples exactly ${times(wholeEpochs)}, once in each whole epoch`] : []),
    ...(tail > 0 ? [`${tail} of ${samples} samples once ${wholeEpochs > 0 ? 'more ' : ''}in the epoch begun`] : []),
  ];
  const parts = [
    `${steps} steps, each closed once${skipped > 0 ? ` (${skipped} skipped)` : ''}`,
    `${positions} stream positions${uses.length > 0 ? `: ${uses.join(', ')}` : ''}`,
    `all ${lines} lines chained${resumed > 0 ? `, taken up again ${times(resumed)}` : ''}`,
    `the checkpoint of step ${checkpointStep}${summary ? ' and summary.json agree' : ' agrees'}`,
  ];
  return `verified: ${parts.join('; ')}`;
}

function times(count: number): string {
  return count === 1 ? '1 time' : `${count} times`;
}
