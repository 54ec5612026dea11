/** A task of a user's own, from its file to the end of a run, on both sides of a connection. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { hashesOf, readEvents, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const EXAMPLE = fileURLToPath(new URL('../../examples/autoencoder.ts', import.meta.url));
/** Of any grid, however few images were seen. */
const BLANK = {
  name: 'blank',
  sentence: 'what is drawn can be read as nearly anything',
  advice: 'wait',
  conditions: [{ signs: [{ of: 'sample_entropy', is: 'above', bound: -1, clear: -2 }], observations: 1 }],
};
/** Steps of 263 kB: a thread draws them ahead where there is a second core. */
const HOW = '--steps 3 --seed 4 --micro-batches 2 --global-batch 336';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
  const text = await readFile(EXAMPLE, 'utf8');
  await writeFile(
    bench.path('task.ts'),
    text.replace('  scalars:', `  troubles: [${JSON.stringify(BLANK)}],\n  scalars:`),
  );
  await writeFile(bench.path('other.ts'), text.replace('learningRate: 1e-3', 'learningRate: 2e-3'));
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

describe('a task of a user', () => {
  it('trains, is proven, drawn and computed again, wherever its file lies by then', async () => {
    const trained = await bench.run(`train --task task.ts ${HOW} --backend wasm --workers 2 --out runs`);
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stderr).not.toMatch(/draws batches ahead/);
    const [run] = await runsIn(bench.path('runs'));
    const summary = await readSummary(run);
    expect(summary).toMatchObject({ preset: 'autoencoder', steps: 3, images: 1008 });
    expect(summary.samples).toMatch(/step-000003\.png$/);

    // A judge read the grid's classes, since a trouble looks at them.
    const events = await readEvents(run);
    const { classes } = events.find(({ type }) => type === 'sampled') as unknown as { classes: { shares: number[] } };
    expect(classes.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(events.find(({ type }) => type === 'trouble')).toMatchObject({ trouble: 'blank', step: 3, began: true });

    await mkdir(bench.path('moved'));
    await rename(bench.path('task.ts'), bench.path('moved', 'squeeze.ts'));
    const lost = await bench.run(`verify ${run}`);
    expect(lost.code).toBe(2);
    expect(lost.stderr).toMatch(/the task file .*task\.ts does not exist.*\[task-missing\]/);
    for (const command of [
      `verify ${run}`,
      `replay ${run} --step 2 --backend wasm`,
      `sample ${run} --count 4 --output grid.png --backend wasm`,
    ]) {
      const { code, stderr } = await bench.run(`${command} --task moved/squeeze.ts`);
      expect(code, stderr).toBe(0);
    }
    const other = await bench.run(`verify ${run} --task other.ts`);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/the run trains autoencoder \(SHA-256 \w{12}…\), but .*other\.ts .*\[task-differs\]/);

    // A run of one worker, on both sides of a connection, has the same bits.
    const coordinator = bench.start(
      `coordinator --task moved/squeeze.ts ${HOW} --json --port 0 --metrics-port 0 --no-samples --out remote`,
    );
    const { url } = await coordinator.event('listening');
    const worker = `worker --coordinator ${url} --backend wasm --reconnect-seconds 0`;
    for (const [flags, words] of [
      ['', /the run trains preset autoencoder, a task of its own: --task names its file/],
      [' --task other.ts', /the run trains autoencoder \(SHA-256 \w{12}…\), but .*other\.ts/],
    ] as const) {
      const refused = await bench.run(`${worker}${flags}`);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toMatch(words);
    }
    const joined = bench.start(`${worker} --task moved/squeeze.ts`);
    const { code, stderr } = await coordinator.ended(200);
    expect(code, stderr).toBe(0);
    expect((await joined.ended(30)).code).toBe(0);
    const [remote] = await runsIn(bench.path('remote'));
    expect(hashesOf(await readSummary(remote))).toEqual(hashesOf(summary));
  });

  it('is refused before anything is started if its file cannot be used', async () => {
    await writeFile(bench.path('bad.ts'), `import { readFileSync } from 'node:fs';\nexport default readFileSync;\n`);
    const foreign = await bench.run(`train --task bad.ts --steps 1 --out bad`);
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toMatch(/not node:fs: .*\[task-import\]/);
    const both = await bench.run(`train --task other.ts --preset mnist --steps 1 --out bad`);
    expect(both.code).toBe(2);
    expect(both.stderr).toMatch(/--task and --preset both say what is trained: give one \[task-conflict\]/);
    expect(await runsIn(bench.path('bad')).catch(() => [])).toEqual([]);
  });
});
