/**
 * The lines of `ledger.jsonl`. Each line is a JSON object whose last member, `chain`, is
 *
 *     SHA-256( chain of the line before, as 64 hex digits | "\n" | the line's bytes without `,"chain":"…"` )
 *
 * so a line that is changed, removed, added, repeated or moved breaks the chain there. The first line chains on
 * {@link GENESIS}. The bytes are hashed as they stand: nobody needs to agree on how to print a number.
 */
import type { EarlyStopScore, EarlyStopStanding, StoredDefinition } from '@gradcast/definition';
import { createHash } from 'node:crypto';
import type { LedgerPlace } from './parts.ts';

/** Stands for the chain before the first line. */
export const GENESIS = '0'.repeat(64);

/** The format of the lines this code writes, and the only one it reads. */
export const LEDGER_FORMAT = 2;

/** The first line: what decides every bit of the run. */
export interface HeaderLine extends StoredDefinition {
  readonly kind: 'header';
  readonly format: number;
  readonly run: string;
  /** n, samples in the data set: they follow from its digest. */
  readonly samples: number;
}

/** A result that came in for a step. */
export interface LedgerResult {
  /** First leaf and number of leaves of an aligned subtree. */
  readonly start: number;
  readonly size: number;
  readonly worker: string;
  /** `accepted`: summed. `suspect`: held back, summed only if nothing refuted it. Anything else: not used. */
  readonly outcome: string;
  /** Milliseconds from the lease's grant to the result. */
  readonly ms: number;
  /** The session it came from, where that is a volunteer's: its own within an incarnation, unlike its name. */
  readonly volunteer?: string;
}

/** A closed step. */
export interface StepLine {
  readonly kind: 'step';
  /** The version that the step led to; the first is 1. */
  readonly step: number;
  /** `skipped`: diverged, and the state stayed as it was. */
  readonly outcome: 'closed' | 'skipped';
  /** Positions `[from, to)` of the sample stream. */
  readonly from: number;
  readonly to: number;
  /** In the order in which they came. */
  readonly results: readonly LedgerResult[];
  /** Digests of the numeric profiles of the results used, sorted. */
  readonly profiles: readonly string[];
  /** Fingerprint of the averaged gradient; null for a skipped step. */
  readonly average: string | null;
  /** Fingerprint of parameters and moments after the step. */
  readonly state: string;
  /** Present where the gradient's norm was so large that the running mean of the norms was told less. */
  readonly normClipped?: true;
  /** Present where an arbiter's value of another numeric profile took a worker's place. */
  readonly exact?: false;
}

/** A coordinator took the run up again. */
export interface ResumedLine {
  readonly kind: 'resumed';
  readonly incarnation: number;
  /** The step of the checkpoint it began with. */
  readonly from: number;
}

/** Steps whose lines are lost: the disk was full for longer than memory could hold them. */
export interface GapLine {
  readonly kind: 'gap';
  /** First and last step without a line. */
  readonly from: number;
  readonly to: number;
}

/** A step came out otherwise when it was done again, and the run was told to go on. It stands before the step's line. */
export interface AcceptedLine {
  readonly kind: 'accepted';
  readonly step: number;
  /** The first field that differs, what it was and what it is. */
  readonly field: RepeatedField;
  readonly before: string;
  readonly now: string;
}

/** Leaves of a step, by first leaf and number. */
export interface StepLeaves {
  readonly step: number;
  readonly start: number;
  readonly size: number;
}

/** A volunteer was found wrong: the result that showed it, which was not used, and what may be wrong besides. */
export interface DistrustedLine extends StepLeaves {
  readonly kind: 'distrusted';
  /** That of the coordinator that found it. */
  readonly incarnation: number;
  readonly worker: string;
  /** Its session, as results have it. */
  readonly volunteer: string;
  /** Its results that were used unchecked since the last that was found right, the oldest first. */
  readonly uses: readonly StepLeaves[];
}

/** A score has taken effect (`--early-stop`): it was of `step`, and stands behind the line of step `at`, k steps later. */
export interface EvaluatedLine extends Omit<EarlyStopStanding, 'through'> {
  readonly kind: 'evaluated';
  readonly step: number;
  readonly at: number;
  readonly metric: EarlyStopScore;
  /** Null where it is no number. */
  readonly value: number | null;
  /** Whether the run ends with it. */
  readonly verdict: 'goes-on' | 'ends';
}

export type LedgerLine = HeaderLine | StepLine | ResumedLine | GapLine | AcceptedLine | DistrustedLine | EvaluatedLine;

/** Where a ledger ends: its number of lines, the chain of the last, and where that lies if it is known. */
export interface LedgerPosition {
  readonly length: number;
  readonly head: string;
  readonly place?: LedgerPlace | undefined;
}

/** The fields in which a step computed twice must agree; workers and times are not among them. */
export const REPEATED_FIELDS = ['from', 'to', 'outcome', 'average', 'state'] as const;
export type RepeatedField = (typeof REPEATED_FIELDS)[number];

/** The first field in which two lines of one step differ; undefined if they agree. */
export function firstDifference(
  a: Pick<StepLine, RepeatedField>,
  b: Pick<StepLine, RepeatedField>,
): RepeatedField | undefined {
  return REPEATED_FIELDS.find((field) => a[field] !== b[field]);
}

/** The chain of a line. @param content the line without its chain member, as JSON. */
export function chainOf(previous: string, content: string | Uint8Array): string {
  return createHash('sha256').update(`${previous}\n`).update(content).digest('hex');
}

/** A line as it is written, without its newline, and its chain. */
export function seal(previous: string, line: LedgerLine): { text: string; chain: string } {
  const content = JSON.stringify(line);
  const chain = chainOf(previous, content);
  return { text: `${content.slice(0, -1)}${sealOf(chain)}`, chain };
}

/** How a line of this chain ends. */
export function sealOf(chain: string): string {
  return `,"chain":"${chain}"}`;
}

const SEAL = /^,"chain":"([0-9a-f]{64})"\}$/;
const SEAL_BYTES = ',"chain":""}'.length + 64;

/** Takes a sealed line apart; undefined if it does not end in a chain. */
export function unseal(bytes: Buffer): { content: Buffer; chain: string } | undefined {
  if (bytes.length < SEAL_BYTES) return undefined;
  const cut = bytes.length - SEAL_BYTES;
  const chain = SEAL.exec(bytes.toString('latin1', cut))?.[1];
  return chain === undefined ? undefined : { content: Buffer.concat([bytes.subarray(0, cut), BRACE]), chain };
}

const BRACE = Buffer.from('}');
