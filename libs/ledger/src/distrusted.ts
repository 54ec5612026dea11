/**
 * What was found out about volunteers behind the checkpoint that a run is taken up at. Such a line is cut off with the steps
 * that are done again, but the results it names may lie before the checkpoint, in a model that goes on: it is kept.
 */
import { ChainedLines } from './lines.ts';
import { bytesOf } from './parts.ts';
import { cutOf, piecesOf, wholeLines } from './abandoned.ts';
import type { DistrustedLine, LedgerPosition } from './record.ts';

/**
 * Lines of volunteers that were found wrong, of those that were cut off at a position, each once, with the uses up to a step;
 * those without any are left out. What was cut off elsewhere belongs to another history, or stands in the ledger again.
 */
export async function distrustedBehind(
  run: string,
  { head, step }: Pick<LedgerPosition, 'head'> & { readonly step: number },
): Promise<DistrustedLine[]> {
  const found = new Map<string, DistrustedLine>();
  for (const piece of await piecesOf(run)) {
    let lines: ChainedLines | undefined;
    for await (const whole of wholeLines(bytesOf(piece))) {
      const start = lines ? 0 : whole.indexOf(0x0a) + 1;
      const cut = lines ? undefined : cutOf(whole.toString('utf8', 0, start));
      if (!lines && cut?.head !== head) break;
      lines ??= new ChainedLines(cut);
      for (const { line } of lines.take(whole.subarray(start))) {
        if (line.kind !== 'distrusted') continue;
        const uses = line.uses.filter((use) => use.step <= step);
        if (uses.length > 0) found.set(keyOf(line), { ...line, uses });
      }
    }
  }
  return [...found.values()];
}

function keyOf({ incarnation, volunteer, step, start, size }: DistrustedLine): string {
  return `${incarnation}/${volunteer}/${step}/${start}/${size}`;
}
