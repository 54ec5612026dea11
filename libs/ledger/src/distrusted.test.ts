/** What was found out about a volunteer outlives every kill, as far as the model still has what it sent. */
import { describe, expect, it } from 'vitest';
import { inOwnFolder, linesOf, prove, run, step, write } from './ledger-fixture.ts';
import type { DistrustedLine, LedgerPosition } from './record.ts';
import { rewindLedger } from './rewind.ts';
import { LedgerWriter } from './writer.ts';

inOwnFolder();

const use = (number: number) => ({ step: number, start: 0, size: 1 });
const found = (volunteer: string, ...steps: readonly number[]): DistrustedLine => {
  const uses = steps.map(use);
  return { kind: 'distrusted', incarnation: 1, worker: 'tab', volunteer, step: 4, start: 2, size: 1, uses };
};

/** Two steps, a checkpoint, two more steps, and what was found out meanwhile; then a kill. */
async function killed(...lines: readonly DistrustedLine[]): Promise<LedgerPosition & { step: number }> {
  const positions = await write(2);
  const writer = await LedgerWriter.open(run, { ...positions[2], active: positions[2].place! });
  writer.step(step(3));
  for (const line of lines) writer.distrusted(line);
  writer.step(step(4));
  await writer.close();
  return { ...positions[2], step: 2 };
}

/** Takes the run up, as a coordinator does. @returns where the ledger was then. */
async function takenUp(at: LedgerPosition & { step: number }, incarnation: number): Promise<LedgerWriter> {
  const { distrusted, ...rewound } = await rewindLedger(run, at);
  const writer = await LedgerWriter.open(run, rewound);
  writer.resumed(incarnation, at.step);
  for (const line of distrusted) writer.distrusted(line);
  return writer;
}

const distrustedLines = async () => {
  const { lines } = await linesOf();
  return lines.flatMap(({ line }) => (line.kind === 'distrusted' ? [line] : []));
};

describe('a volunteer that was found wrong behind the checkpoint', () => {
  it('is told again with what the model still has of it', async () => {
    const at = await killed(found('session-1', 1, 2, 3), found('session-2', 3), found('session-3'));
    await (await takenUp(at, 2)).close();
    expect(await distrustedLines()).toEqual([found('session-1', 1, 2)]);
    expect(await prove()).toMatchObject({ steps: 2, resumed: 1, distrusted: { count: 1 } });
  });

  it('is told once, however often the run is taken up at that checkpoint', async () => {
    const at = await killed(found('session-1', 1, 2));
    // Killed between the cut and the new lines.
    await rewindLedger(run, at);
    for (const incarnation of [2, 3, 4]) await (await takenUp(at, incarnation)).close();
    expect(await distrustedLines()).toEqual([found('session-1', 1, 2)]);
    expect(await prove()).toMatchObject({ resumed: 1, distrusted: { count: 1 } });
  });

  it('is not told again once a later checkpoint has its line before it', async () => {
    const writer = await takenUp(await killed(found('session-1', 1)), 2);
    writer.step(step(3));
    const later = { ...writer.position, step: 3 };
    writer.step(step(4));
    await writer.close();
    await (await takenUp(later, 3)).close();
    expect(await distrustedLines()).toEqual([found('session-1', 1)]);
    expect(await prove()).toMatchObject({ steps: 3, resumed: 2, distrusted: { count: 1 } });
  });
});
