import { mkdir, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { StepLine } from './record.ts';
import { LedgerWriter } from './writer.ts';
import { HEADER, inOwnFolder, prove, results, run, step } from './ledger-fixture.ts';

inOwnFolder();

describe('proveLedger', () => {
  const proof = async (...lines: readonly StepLine[]) => {
    const writer = await LedgerWriter.create(run, HEADER);
    for (const line of lines) writer.step(line);
    await writer.close();
    return prove();
  };
  const cases: [name: string, line: StepLine, field: string, sentence: RegExp][] = [
    ['a step twice', step(1), 'step', /line 3 \(step\): step 1 where step 2 belongs/],
    ['a step left out', step(3), 'step', /step 3 where step 2 belongs/],
    ['a range that overlaps', step(2, { from: 7 }), 'from', /begins at position 7, not 8/],
    ['a range that is too long', step(2, { to: 17 }), 'to', /ends at position 17, not 16/],
    ['a skipped step with an average', step(2, { outcome: 'skipped' }), 'average', /says otherwise/],
    ['a leaf nobody computed', step(2, { results: results('a').slice(0, 1) }), 'results', /no result for leaf 2/],
  ];
  it.each(cases)('refuses %s', async (_, line, field, sentence) => {
    const refused = proof(step(1), line);
    await expect(refused).rejects.toMatchObject({ code: 'ledger-order', line: 3, field });
    await expect(refused).rejects.toThrow(sentence);
  });

  describe('of volunteers that were found wrong', () => {
    const found = { incarnation: 1, worker: 'tab', volunteer: 'session-7', step: 2, start: 0, size: 2 };
    const uses = [
      { step: 1, start: 2, size: 2 },
      { step: 2, start: 1, size: 1 },
    ];
    const withUses = async (...used: typeof uses) => {
      const writer = await LedgerWriter.create(run, HEADER);
      writer.step(step(1));
      writer.distrusted({ ...found, uses: used });
      writer.step(step(2));
      await writer.close();
      return prove();
    };

    it('tells who, and what was used of them', async () => {
      const { distrusted, steps } = await withUses(...uses);
      expect(steps).toBe(2);
      expect(distrusted).toMatchObject({ count: 1, first: [{ ...found, kind: 'distrusted', uses }] });
    });

    it('refuses uses of steps that had not begun, and of leaves that are none', async () => {
      await expect(withUses({ step: 3, start: 0, size: 1 })).rejects.toMatchObject({ line: 3, field: 'uses' });
      await rm(run, { recursive: true });
      await mkdir(run);
      await expect(withUses({ step: 1, start: 1, size: 2 })).rejects.toThrow(/leaves 1 to 2, no subtree of 4/);
    });

    it('names a bounded number of them, and counts all', async () => {
      const writer = await LedgerWriter.create(run, HEADER);
      for (let i = 0; i < 100; i++) writer.distrusted({ ...found, volunteer: `session-${i}`, uses: [] });
      await writer.close();
      const { distrusted } = await prove();
      expect([distrusted.first.length, distrusted.count]).toEqual([64, 100]);
    });
  });

  it('counts skipped steps, whole epochs and the tail', async () => {
    expect(await proof(step(1), step(2, { outcome: 'skipped', average: null }))).toMatchObject({
      skipped: 1,
      positions: 16,
      wholeEpochs: 1,
      tail: 6,
    });
  });
});
