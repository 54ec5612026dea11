import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';
import { decodeSafetensors } from '@gradcast/checkpoint';
import { classifierTask } from '@gradcast/classifier';
import { FASHION_MNIST, MNIST } from '@gradcast/dataset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JUDGES, judgesOf } from './judges.ts';
import { judgeTask } from './judge-task.ts';
import { encodeWeights, loadWeights } from './weights.ts';

/** By data set: as good as so small a network gets. */
const LEAST_ACCURACY: Readonly<Record<string, number>> = {
  [MNIST.sha256]: 0.99,
  [FASHION_MNIST.sha256]: 0.91,
};

const shipped = fileURLToPath(new URL('../weights', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-judge-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a judge', () => {
  it.each(JUDGES)('in $file has the digest and the run that the code says', async (record) => {
    expect((await loadWeights(record)).every(Number.isFinite)).toBe(true);
    const { metadata, tensors } = decodeSafetensors(await readFile(join(shipped, record.file)), record.file);
    expect(metadata).toMatchObject({ preset: 'classifier', seed: `${record.seed}`, dataset: record.dataset });
    expect(Object.keys(tensors).sort()).toEqual(
      classifierTask()
        .parameters.entries.map(({ name }) => name)
        .sort(),
    );
    expect(record.accuracy).toBeGreaterThanOrEqual(LEAST_ACCURACY[record.dataset]);
  });

  it('is one of two of its data set, which differ in the seed', () => {
    for (const dataset of new Set(JUDGES.map((record) => record.dataset))) {
      expect(judgesOf(dataset).map(({ name, seed }) => [name, seed])).toEqual([
        ['0', 1],
        ['1', 2],
      ]);
    }
    expect(judgesOf('0'.repeat(64))).toEqual([]);
  });

  it('has its parameters where the classifier has them', () => {
    const places = ({ parameters }: ReturnType<typeof judgeTask>) =>
      parameters.entries.map(({ shape, offset, size }) => ({ shape, offset, size }));
    expect(places(judgeTask())).toEqual(places(classifierTask()));
    expect(judgeTask().parameters.length).toBe(classifierTask().parameters.length);
  });

  it('is not loaded when a bit of it changed, or it is not there', async () => {
    const [record] = JUDGES;
    const bytes = await readFile(join(shipped, record.file));
    bytes[bytes.length - 1] ^= 1;
    await writeFile(join(folder, record.file), bytes);
    await expect(loadWeights(record, folder)).rejects.toMatchObject({
      code: 'judge-weights',
      message: expect.stringContaining('are damaged: SHA-256 ') as string,
    });
    await expect(loadWeights({ ...record, file: 'none' }, folder)).rejects.toMatchObject({ code: 'judge-weights' });
  });

  it('is made from a checkpoint: the moving average, as halves', async () => {
    const { parameters, average } = classifierTask();
    const tensors = Object.fromEntries(
      parameters.entries.flatMap(({ name, shape, size }, i) =>
        ['parameters', 'ema'].map((kind) => [
          `${kind}/${name}`,
          { dtype: 'F32' as const, shape, data: new Float32Array(size).fill(kind === 'ema' ? 1 / 3 + i : 9) },
        ]),
      ),
    );
    expect(average).toBeDefined();
    const info = { step: 1, config: {}, manifest: {}, profile: {}, incarnation: 1, ledger: { length: 0, head: '' } };
    const bytes = encodeWeights({ info, tensors }, { preset: 'classifier' });
    await writeFile(join(folder, 'made'), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const weights = await loadWeights({ file: 'made', sha256 }, folder);
    for (const [i, { offset }] of parameters.entries.entries()) {
      expect(Math.abs(weights[offset] / (1 / 3 + i) - 1)).toBeLessThan(2 ** -11);
    }
  });
});
