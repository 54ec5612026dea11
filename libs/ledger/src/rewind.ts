/**
 * Takes a ledger back to a checkpoint. Lines behind it are not thrown away: see `abandoned.ts`.
 *
 * A kill at any instant loses nothing provable: the lines are kept, on the disk, before the ledger is cut; it is cut from
 * its end, so that it is a sound ledger at every moment; and doing it once more changes nothing.
 */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError, syncFolder, systemCode } from '@gradcast/files';
import { abandon, AbandonedSteps } from './abandoned.ts';
import { distrustedBehind } from './distrusted.ts';
import { bytesOf, LEDGER, partPath, partsOf, PARTS_FOLDER, writeCompressed } from './parts.ts';
import type { LedgerPart, LedgerPlace } from './parts.ts';
import { findPosition } from './reader.ts';
import type { KnownPlace } from './reader.ts';
import type { DistrustedLine, LedgerPosition } from './record.ts';

type At = LedgerPosition & { readonly step: number };

/** A ledger at a checkpoint. */
export interface RewoundLedger extends KnownPlace {
  /** The part that is written to, and its length. */
  readonly active: LedgerPlace;
  /** What later steps were like when they were first done. */
  readonly abandoned: AbandonedSteps;
  /** Volunteers that were found wrong behind the checkpoint, with what was used of them before it. */
  readonly distrusted: readonly DistrustedLine[];
}

/**
 * Cuts a run's ledger at the position of a checkpoint.
 *
 * @param position what the checkpoint of `step` says of the ledger.
 * @throws LedgerError `ledger-missing`, or `ledger-damaged` if the ledger never was at that position; RunError
 *   `out-not-writable`.
 */
export async function rewindLedger(run: string, position: At): Promise<RewoundLedger> {
  const known = await place(run, position);
  const parts = await partsOf(run);
  try {
    await abandon(run, known, () => tailOf(parts, known.place));
    await cut(run, parts, known.place);
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
    throw new RunError('out-not-writable', `${join(run, LEDGER)} cannot be cut (${systemCode(cause)})`, { cause });
  }
  const last = (await partsOf(run)).at(-1)!;
  const offset = last.number === known.place.part ? known.place.offset : 0;
  const abandoned = await AbandonedSteps.open(run, position.step);
  const distrusted = await distrustedBehind(run, { head: known.head, step: position.step });
  return { ...known, active: { part: last.number, offset }, abandoned, distrusted };
}

/**
 * Checks that a run's ledger was at the position of a checkpoint once, and changes nothing.
 *
 * @throws LedgerError `ledger-missing`, `ledger-damaged`.
 */
export async function assertLedgerAt(run: string, at: At): Promise<void> {
  await place(run, at);
}

function place(run: string, { step, ...position }: At): Promise<KnownPlace> {
  return findPosition(run, { ...position, of: `the checkpoint of step ${step}` });
}

async function* tailOf(parts: readonly LedgerPart[], { part, offset }: LedgerPlace): AsyncGenerator<Buffer> {
  for (const each of parts.slice(part - 1)) yield* bytesOf(each, each.number === part ? offset : 0);
}

async function cut(run: string, parts: readonly LedgerPart[], { part, offset }: LedgerPlace): Promise<void> {
  const [target, ...later] = parts.slice(part - 1);
  const active = later.pop();
  if (active === undefined) return truncate(target.path, offset);
  await truncate(active.path, 0);
  for (const { number, path } of later.reverse()) {
    for (const each of [path, partPath(run, number)]) await rm(each, { force: true });
    await syncFolder(join(run, PARTS_FOLDER));
  }
  if (!target.isCompressed) return truncate(target.path, offset);
  // A plain form of the same part would be left from before it was compressed.
  await rm(partPath(run, part), { force: true });
  await writeCompressed(target.path, beginningOf(target, offset));
}

async function* beginningOf(part: LedgerPart, length: number): AsyncGenerator<Buffer> {
  let left = length;
  for await (const bytes of bytesOf(part)) {
    yield bytes.subarray(0, left);
    left -= Math.min(left, bytes.length);
    if (left === 0) return;
  }
}

async function truncate(path: string, length: number): Promise<void> {
  const file = await open(path, 'a');
  try {
    if ((await file.stat()).size === length) return;
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}
