/**
 * Lines that were cut off when a run was taken up at a checkpoint before them, kept so that the steps, done again, can be
 * held against them. Each piece is a file of its own, `ledger/abandoned-000001.jsonl.gz`, that begins with a line saying
 * where it was cut off, which makes its chain checkable still. Earlier versions kept all pieces in one plain file.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ChainedLines, LineCutter } from './lines.ts';
import { bytesOf, PARTS_FOLDER, writeCompressed } from './parts.ts';
import type { LedgerPart } from './parts.ts';
import type { LedgerPosition, RepeatedField, StepLine } from './record.ts';

/** Where versions that wrote one ledger file kept all pieces. */
const ABANDONED_LEDGER = 'ledger.abandoned.jsonl';
const PIECE_NAME = /^abandoned-([0-9]{6,12})\.jsonl\.gz$/;

/** Where a ledger was cut: what follows was written behind this position. */
interface Cut extends LedgerPosition {
  readonly kind: 'cut';
  /** The last step that follows; pieces of earlier versions do not say. */
  readonly to?: number;
}

/** What a step was like when it was first done. */
export type StepBefore = Pick<StepLine, RepeatedField | 'step' | 'profiles' | 'exact'>;

/** Steps that are kept in memory at once. */
const WINDOW_STEPS = 65_536;

/** Keeps the lines behind a position. Keeping the same lines, or their beginning, again changes nothing. */
export async function abandon(
  run: string,
  { length, head }: LedgerPosition,
  tail: () => AsyncIterable<Buffer>,
): Promise<void> {
  const { bytes, sha256, to } = await surveyOf(tail(), { length, head });
  if (bytes === 0) return;
  const pieces = await piecesOf(run);
  const newest = pieces.at(-1);
  if (newest && (await holds(newest, { head, bytes, sha256 }))) return;
  const number = String((newest?.number ?? 0) + 1).padStart(6, '0');
  const cut: Cut = { kind: 'cut', length, head, to };
  const path = join(run, PARTS_FOLDER, `abandoned-${number}.jsonl.gz`);
  await writeCompressed(
    path,
    (async function* () {
      yield Buffer.from(`${JSON.stringify(cut)}\n`);
      yield* wholeLines(tail());
    })(),
  );
}

/** Lines without the end of one that was never finished, which is no record of anything. */
export async function* wholeLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) {
    const whole = cutter.whole(chunk);
    if (whole) yield whole;
    if (cutter.tooLong) return;
  }
}

interface Survey {
  readonly bytes: number;
  readonly sha256: string;
  readonly to: number;
}

async function surveyOf(tail: AsyncIterable<Buffer>, { length, head }: LedgerPosition): Promise<Survey> {
  const lines = new ChainedLines({ length, head });
  const hash = createHash('sha256');
  let bytes = 0;
  let to = 0;
  for await (const whole of wholeLines(tail)) {
    hash.update(whole);
    bytes += whole.length;
    for (const { line } of lines.take(whole)) if (line.kind === 'step') to = line.step;
  }
  return { bytes, sha256: hash.digest('hex'), to };
}

/** Whether a piece was cut off at the same line and begins with these bytes. */
async function holds(piece: LedgerPart, { head, bytes, sha256 }: { head: string; bytes: number; sha256: string }) {
  const hash = createHash('sha256');
  let left = bytes;
  let isFirst = true;
  for await (const whole of wholeLines(bytesOf(piece))) {
    const start = isFirst ? whole.indexOf(0x0a) + 1 : 0;
    if (isFirst && cutOf(whole.toString('utf8', 0, start))?.head !== head) return false;
    isFirst = false;
    const part = whole.subarray(start, start + left);
    hash.update(part);
    left -= part.length;
    if (left === 0) break;
  }
  return left === 0 && hash.digest('hex') === sha256;
}

/** All pieces, oldest first; one file of an earlier version may hold several. */
export async function piecesOf(run: string): Promise<LedgerPart[]> {
  const earlier = join(run, ABANDONED_LEDGER);
  const isThere = await stat(earlier).then(
    () => true,
    () => false,
  );
  const folder = join(run, PARTS_FOLDER);
  const names = (await readdir(folder).catch(() => [])).filter((name) => PIECE_NAME.test(name)).sort();
  return [
    ...(isThere ? [{ number: 0, path: earlier, isCompressed: false }] : []),
    ...names.map((name) => ({
      number: Number(PIECE_NAME.exec(name)![1]),
      path: join(folder, name),
      isCompressed: true,
    })),
  ];
}

/** What a piece begins with. */
export function cutOf(line: string): Cut | undefined {
  if (!line.startsWith('{"kind":"cut",')) return undefined;
  try {
    return JSON.parse(line) as Cut;
  } catch {
    return undefined;
  }
}

/** Tells of each step that is done again what it was like before; of several attempts the newest counts. */
export class AbandonedSteps {
  readonly #run: string;
  readonly #window = new Map<number, StepBefore>();
  /** Steps up to here were looked for. */
  #through: number;
  #hasMore = true;

  private constructor(run: string, after: number) {
    this.#run = run;
    this.#through = after;
  }

  /** @param after the step that the run is taken up at. */
  static async open(run: string, after: number): Promise<AbandonedSteps> {
    const steps = new AbandonedSteps(run, after);
    await steps.ahead(after + 1);
    return steps;
  }

  /** Steps in memory, and what they were like. */
  get window(): ReadonlyMap<number, StepBefore> {
    return this.#window;
  }

  /** Makes sure that a step is in memory if it was ever done; steps before it are not asked for any more. */
  async ahead(step: number): Promise<void> {
    if (!this.#hasMore || step <= this.#through) return;
    this.#window.clear();
    const [first, last] = [step, step + WINDOW_STEPS - 1];
    this.#through = last;
    this.#hasMore = false;
    for (const piece of await piecesOf(this.#run)) await this.#look(piece, first, last);
  }

  /** What a step was like; it is forgotten. */
  take(step: number): StepBefore | undefined {
    const before = this.#window.get(step);
    this.#window.delete(step);
    return before;
  }

  /** Only lines whose chain is sound from their cut on count; a damaged one is as good as none. */
  async #look(piece: LedgerPart, first: number, last: number): Promise<void> {
    let lines: ChainedLines | undefined;
    for await (const whole of wholeLines(bytesOf(piece))) {
      for (let start = 0; start < whole.length;) {
        const next = whole.indexOf('\n{"kind":"cut",', start) + 1 || whole.length;
        const firstLine = whole.toString('utf8', start, Math.min(whole.indexOf(0x0a, start) + 1, start + 4096));
        const cut = cutOf(firstLine);
        if (cut?.to !== undefined && cut.to < first) return;
        if (cut) lines = new ChainedLines({ length: cut.length, head: cut.head });
        const from = cut ? start + firstLine.length : start;
        for (const { line } of lines?.take(whole.subarray(from, next)) ?? []) {
          if (line.kind === 'step') this.#see(line, first, last);
        }
        start = next;
      }
    }
  }

  #see(line: StepLine, first: number, last: number): void {
    const { step, from, to, outcome, average, state, profiles, exact } = line;
    if (step > last) this.#hasMore = true;
    if (step >= first && step <= last) {
      this.#window.set(step, { step, from, to, outcome, average, state, profiles, ...(exact === false && { exact }) });
    }
  }
}
