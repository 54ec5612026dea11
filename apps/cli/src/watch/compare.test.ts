import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleGrid } from '@gradcast/evaluate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCompare } from './compare.ts';
import { DEFINITION, fakeRun, RELEASED, watching } from './for-tests.ts';

let folder: string;
let a: string;
let b: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  const config = { ...DEFINITION, length: { steps: 20 } };
  const metrics = [1, 2, 3].map((step) => {
    return { step, time: step, loss_g: 4 - step, images_per_second: 100, workers: 2, phase_compute_seconds: 1 };
  });
  const quality = { step: 20, frechet: 12.345, kernelDistance: 1, precision: 0.5, recall: 0.25 };
  const summary = {
    status: 'completed',
    steps: 20,
    targetSteps: 20,
    imagesPerSecond: 99,
    parametersSha256: 'ab'.repeat(32),
  };
  a = await fakeRun(join(folder, 'a'), { config, metrics, summary: { ...summary, quality }, lock: RELEASED });
  b = await fakeRun(join(folder, 'b<script>'), {
    config: { ...config, seed: 2, learningRate: 1e-3 },
    metrics: metrics.map((line) => ({ ...line, loss_g: 2 * line.loss_g })),
    lock: RELEASED,
  });
});
afterEach(() => rm(folder, { recursive: true }));

async function compare(more: { html?: string; json?: boolean } = {}) {
  const { said, around } = watching();
  expect(await runCompare({ runs: [a, b], html: null, json: false, ...more }, around)).toBe(0);
  return said;
}

describe('gradcast compare', () => {
  it('shows curves on one scale, numbers side by side, and what differs in the definition', async () => {
    const lines = (await compare()).out.split('\n').map((line) => line.trimEnd().replaceAll(/ +/g, ' '));
    expect(lines.slice(0, 2)).toEqual([`A ${a}`, `B ${b}`]);
    expect(lines).toContain('loss_g ▄▂▁ █▅▂ 1 to 6');
    expect(lines.join()).not.toContain('phase_');
    expect(lines).toContain('state completed failed');
    expect(lines).toContain('step 20 of 20 3 of 20');
    expect(lines).toContain('last loss_g 1 2');
    expect(lines).toContain('Fréchet distance 12.35 -');
    expect(lines).toContain('parameters, SHA-256 abababababab -');
    expect(lines.slice(lines.indexOf('what decides the bits and differs') + 2)).toEqual([
      'seed 1 2',
      'learningRate 0.0005 0.001',
      '',
    ]);
  });

  it('says so where nothing differs, and does not load a task of the user’s own', async () => {
    const own = { ...DEFINITION, preset: 'mine', task: 'cd'.repeat(32), taskFile: '/nowhere.ts' };
    a = await fakeRun(join(folder, 'own'), { config: own });
    b = await fakeRun(join(folder, 'again'), { config: own });
    const { out } = await compare();
    expect(out).toMatch(/nothing that decides the bits differs|cannot be read by this version/);
  });

  it('has the same as JSON', async () => {
    const { runs, differences } = JSON.parse((await compare({ json: true })).out) as {
      runs: { letter: string; curves: Record<string, unknown> }[];
      differences: Record<string, unknown[]>;
    };
    expect(runs.map(({ letter }) => letter)).toEqual(['A', 'B']);
    expect(runs[1].curves['loss_g']).toEqual([
      { step: 1, value: 6 },
      { step: 2, value: 4 },
      { step: 3, value: 2 },
    ]);
    expect(differences).toEqual({ seed: [1, 2], learningRate: [5e-4, 1e-3] });
  });

  it('writes a page that needs nothing else, in which whatever files hold is text', async () => {
    await mkdir(join(a, 'samples'));
    const png = sampleGrid(new Uint8Array(4 * 784).fill(200), { count: 4, shape: [28, 28, 1] });
    await writeFile(join(a, 'samples', 'step-000020.png'), png);
    await mkdir(join(b, 'samples'));
    await writeFile(join(b, 'samples', 'step-000003.png'), '<svg onload="alert(1)">');
    const path = join(folder, 'page.html');
    await compare({ html: path });
    const page = await readFile(path, 'utf8');
    const style = /<style>(.*?)<\/style>/s.exec(page)![1];
    const digest = createHash('sha256').update(style).digest('base64');
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'sha256-${digest}'; `);
    expect(page).not.toMatch(/<script|onload=|style="|https?:/);
    expect(page).toContain('b&lt;script&gt;');
    expect(page).toContain(`src="data:image/png;base64,${Buffer.from(png).toString('base64')}"`);
    expect(page).toContain('cannot be shown');
    expect(page.match(/<path class="c[01]"/g)).toHaveLength(2 + 2 * 3);
    expect(page).toMatch(/aria-label="loss_g over steps 1 to 3, from 1 to 6, of A, B"/);
    // Whatever scrolls can be reached by keyboard, and every figure's numbers by a summary.
    expect(page).toMatch(/role="region" aria-label="Numbers of each run" tabindex="0"/);
    expect(page).toContain('<summary>Numbers of loss_g</summary>');
  });

  it('refuses a page in a folder that is not there, before it reads anything', async () => {
    const request = { runs: [a, b], html: join(folder, 'no', 'page.html'), json: false };
    await expect(runCompare(request, watching().around)).rejects.toMatchObject({ code: 'output-folder' });
  });
});
