import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleGrid } from '@gradcast/evaluate';
import { LedgerWriter } from '@gradcast/ledger';
import { EXAMPLE } from '@gradcast/definition/example';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closed, DEFINITION, fakeRun, joined, linesOf, RELEASED, state, watching } from '../watch/for-tests.ts';
import type { FakeRun } from '../watch/for-tests.ts';
import { runReport, writeReport } from './report.ts';

const HOSTILE = '<script>alert(1)</script>"\'\u001b[2J\u202e';
const MAKER = { version: '1.2.3', now: () => 0 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const result = (worker: string, start: number, ms: number, outcome = 'accepted') => ({
  start,
  size: 2,
  worker,
  outcome,
  ms,
});

/** Adds a ledger of so many steps by two workers. */
async function withLedger(run: string, steps: number): Promise<void> {
  const header = { kind: 'header', format: 2, run: 'r', ...EXAMPLE, samples: 60_000 } as const;
  const writer = await LedgerWriter.create(run, header, {});
  for (let step = 1; step <= steps; step++) {
    writer.step({
      step,
      outcome: 'closed',
      from: 128 * (step - 1),
      to: 128 * step,
      results: [result('ann', 0, 300), result('bob', 2, 450)],
      profiles: ['0123456789abcdef'],
      average: 'a'.repeat(32),
      state: 'b'.repeat(32),
    });
  }
  await writer.close();
}

async function page(name: string, run: FakeRun, more?: (path: string) => Promise<void>): Promise<string> {
  const path = await fakeRun(join(folder, name), { lock: RELEASED, ...run });
  await more?.(path);
  return read(await writeReport(path, MAKER));
}

async function read(path: string | null): Promise<string> {
  expect(path).not.toBeNull();
  return readFile(path!, 'utf8');
}

/** A page's text without markup. */
function textOf(html: string): string {
  const body = html.slice(html.indexOf('<body>')).replaceAll(/<[^>]*>/g, ' ');
  return body.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll(/\s+/g, ' ');
}

const PROFILE = JSON.stringify([
  ['backend', 'wasm'],
  ['device', 'cpu'],
  ['threads', '1'],
  ['probe', 'ab'],
]);
const SUMMARY = {
  status: 'completed',
  steps: 4,
  targetSteps: 4,
  images: 512,
  imagesPerSecond: 123.4,
  backend: 'wasm',
  parametersSha256: 'ab'.repeat(32),
  stateSha256: 'cd'.repeat(32),
  software: { gradcast: '9.8.7', node: '22.1.0' },
  quality: { step: 4, frechet: 12.345, precision: 0.5, recall: 0.25 },
};
const EVENTS = [
  state('waiting-for-workers', 'setting-up'),
  { ...joined('ann'), profile: PROFILE },
  joined('bob'),
  state('running', 'waiting-for-workers'),
  closed(1),
  { type: 'left', worker: 'bob', why: 'lost', reason: 'gone' },
  closed(2),
  state('waiting-for-workers', 'setting-up'),
  joined('ann'),
  closed(3),
  { type: 'saved', step: 3, seconds: 0.1 },
  { type: 'trouble', trouble: 'collapse', step: 3, began: true, sentence: 'samples are alike', advice: 'wait' },
  closed(4),
];
const PHASES = {
  compute: 3,
  network: 1,
  straggler: 0.5,
  adding: 0,
  reduce: 0.1,
  broadcast: 0.1,
  optimizer: 0.1,
  other: 0.1,
  idle: 0.1,
};
const METRICS = [1, 2, 3, 4].map((step) => ({
  step,
  time: step,
  loss_g: 5 - step,
  images_per_second: 100,
  ...Object.fromEntries(Object.entries(PHASES).map(([name, seconds]) => [`phase_${name}_seconds`, seconds / 4])),
}));

describe('the report of a run', () => {
  it('says what became of it, who computed when, where the time went, and how to check it', async () => {
    const workers = [{ worker: 'ann', leaves: 8, compute: 3, network: 1, overdue: 0, waiting: 1 }];
    const phases = { steps: 4, seconds: 5, total: PHASES, workers, rest: null };
    const html = await page('whole', { summary: { ...SUMMARY, phases }, events: EVENTS, metrics: METRICS }, (path) =>
      withLedger(path, 4),
    );
    const text = textOf(html);
    for (const part of [
      'mnist: completed',
      'The run has completed, after 4 of 4 steps, 512 images of preset mnist.',
      'It computed 123 images/s with 2 workers (wasm)',
      'in 2 starts.',
      'a Fréchet distance of 12.35',
      'Step 3: samples are alike; wait (collapse).',
      '1 worker was lost, 1 restart of the coordinator.',
      'The steps took 5.00 s',
      '1 computing: 3.00 s, 60 %',
      'Over its last start: ',
      'gradcast train --preset mnist --seed 1 ',
      '9.8.7',
      '22.1.0',
      'ab'.repeat(32),
      'gradcast verify whole gradcast replay whole --step 4',
      'All 5 lines of the ledger were chained',
      'Made by Gradcast 1.2.3',
    ]) {
      expect(text).toContain(part);
    }
    expect(html.match(/<path class="busy" d="M\d{3}/g)).toHaveLength(2);
    expect(html).toContain('<path class="again"');
    expect(html).toMatch(/>lost<\/text><path class="mark" d="M\d+ \d+m-4-4/);
    // A row of the table: ann had half of the micro-batches, and 300 of each 450 ms.
    expect(text).toMatch(/ ann wasm cpu 8 50 % 213 9\.00 s 1\.20 s 87 % 0 0 /);
    expect(text).toMatch(/0:00:05\.0 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d lost worker bob left: gone/);
  });

  it('has nothing but itself, is the same each time, and takes what files and peers say as text', async () => {
    const events = [
      ...EVENTS,
      { ...joined(HOSTILE), backend: HOSTILE, device: HOSTILE, profile: JSON.stringify([[HOSTILE, HOSTILE]]) },
      { type: 'refused', worker: HOSTILE, code: HOSTILE, sentence: HOSTILE, leftOut: 3 },
      { type: HOSTILE, x: HOSTILE },
      { type: 'trouble', trouble: HOSTILE, step: HOSTILE, began: true, sentence: HOSTILE, advice: HOSTILE },
      { type: 'state', from: 'running', to: 'stopping', cause: { kind: HOSTILE } },
    ];
    const summary = {
      ...SUMMARY,
      status: HOSTILE,
      backend: HOSTILE,
      software: { node: HOSTILE },
      parametersSha256: HOSTILE,
    };
    const config = {
      ...DEFINITION,
      preset: HOSTILE,
      seed: HOSTILE,
      data: HOSTILE,
      [HOSTILE]: HOSTILE,
      length: { steps: HOSTILE },
    };
    const metrics = [1, 2].map((step) => ({ step, [HOSTILE]: step, [`loss${HOSTILE}`]: 1e-300 * step }));
    const run = { events, summary, config, metrics };
    const html = await page('run<b>', run, (path) => withLedger(path, 3));
    const style = createHash('sha256')
      .update(/<style>(.*?)<\/style>/s.exec(html)![1])
      .digest('base64');
    expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'sha256-${style}'; `);
    expect(html).not.toMatch(/<script|<b>|style="|\son\w+=|https?:|url\(|\u001b|\u202e/);
    expect(html).toContain('&lt;script&gt;');
    expect(await read(await writeReport(join(folder, 'run<b>'), MAKER))).toBe(html);
  });

  it('shows at most eight grids, the first and the last among them, and says so of one that is no picture', async () => {
    const png = sampleGrid(new Uint8Array(4 * 784).fill(200), { count: 4, shape: [28, 28, 1] });
    const html = await page('grids', { summary: SUMMARY }, async (path) => {
      await mkdir(join(path, 'samples'));
      for (let step = 1; step <= 20; step++) await writeFile(join(path, 'samples', `step-${step}.png`), png);
      await writeFile(join(path, 'samples', 'step-20.png'), '<svg onload="alert(1)">');
    });
    expect(html.match(/src="data:image\/png;base64,/g)).toHaveLength(7);
    expect(html).toContain('alt="Samples after step 1"');
    expect(html).toContain('The grid of step 20 cannot be shown.');
    const large = await page('large', {}, async (path) => {
      await mkdir(join(path, 'samples'));
      const bytes = Buffer.concat([png, Buffer.alloc(300_000)]);
      for (let step = 1; step <= 5; step++) await writeFile(join(path, 'samples', `step-${step}.png`), bytes);
    });
    expect(large.match(/alt="Samples after step (1|5)"/g)).toHaveLength(2);
  });

  it('is under 2 MB however long the run was and whatever happened in it, and reads it in time', async () => {
    const steps = 10_000;
    const curves = Object.fromEntries(
      Array.from({ length: 80 }, (_, i) => [`number_${i}_of_many_with_a_long_name`, Math.PI * i]),
    );
    const html = await page(
      'long',
      { config: { ...DEFINITION, length: { steps } }, events: [], metrics: [] },
      async (path) => {
        for (let from = 0; from < steps; from += 1000) {
          const events = Array.from({ length: 1000 }, (_, i) => [
            { ...closed(from + i + 1), seq: 4 * (from + i) + 1, time: from + i },
            { ...joined(`worker-${from + i}-${HOSTILE.repeat(9)}`), seq: 4 * (from + i) + 2, time: from + i },
            { type: 'saved', step: from + i, seconds: 1, seq: 4 * (from + i) + 3, time: from + i },
            {
              type: 'refused',
              worker: 'x'.repeat(900),
              code: 'c',
              sentence: '<'.repeat(900),
              seq: 4 * (from + i) + 4,
              time: from + i,
            },
          ]);
          await appendFile(join(path, 'events.jsonl'), linesOf(events.flat()));
          const lines = Array.from({ length: 100 }, (_, i) => ({
            ...curves,
            step: from + 10 * i,
            noise: Math.sin(from + i),
          }));
          await appendFile(join(path, 'metrics.jsonl'), linesOf(lines));
        }
        await withLedger(path, 1000);
        const png = sampleGrid(
          new Uint8Array(64 * 784).map((_, i) => (i * 2654435761) >>> 24),
          { count: 64, shape: [28, 28, 1] },
        );
        await mkdir(join(path, 'samples'));
        for (let step = 1; step <= 400; step++) await writeFile(join(path, 'samples', `step-${step}.png`), png);
      },
    );
    expect(Buffer.byteLength(html)).toBeLessThan(2_000_000);
    expect(html).toContain('more, which gradcast events tells');
    expect(textOf(html)).toMatch(/ [\d,]+ others /);
  }, 60_000);
});

describe('the report of a folder that is not whole', () => {
  it('says in a sentence what is damaged or missing, and has the rest', async () => {
    const html = await page('damaged', { config: '{"preset": ', summary: 'no', metrics: METRICS }, async (path) => {
      await withLedger(path, 4);
      const ledger = await readFile(join(path, 'ledger.jsonl'), 'utf8');
      await writeFile(join(path, 'ledger.jsonl'), ledger.replace('"step":3,', '"step":9,'));
      await appendFile(join(path, 'metrics.jsonl'), '{"step":\n');
    });
    const text = textOf(html);
    expect(text).toContain('Config.json is damaged.');
    expect(text).toContain('Summary.json is damaged.');
    expect(text).toContain('There is no events.jsonl: what happened when is not known.');
    expect(text).toContain('Line 4 of the ledger is not what was written after the line before it');
    expect(text).toContain('A line of metrics.jsonl cannot be read.');
    expect(text).toContain('The configuration does not say enough');
    expect(html).toContain('<figcaption>loss_g</figcaption>');
    expect(text).toMatch(/ ann - - 4 50 % /);
    const bare = textOf(await page('bare', {}));
    expect(bare).toContain('The run has no ledger that can be read.');
    expect(bare).toContain('mnist: failed');
    expect(bare).toContain('Nobody wrote down where the time of the steps went.');
  });

  it('reads a run of an earlier version', async () => {
    const old = join(import.meta.dirname, '../../../../test/fixtures/run-099ceb9');
    const output = join(folder, 'old.html');
    const { around } = watching();
    expect(await runReport({ run: old, output, json: false }, around, '1.2.3')).toBe(0);
    const text = textOf(await read(output));
    expect(text).toContain('dcgan: completed');
    expect(text).toContain('gradcast train --preset dcgan --seed 9 ');
    expect(text).toContain('cb18f958e67713127335c782281762dccb19637b2a2d0ee47ce7ce523e47177a');
    expect(text).toMatch(/ local-1 - - 10 63 % /);
  });
});

describe('gradcast report', () => {
  it('writes into the folder of the run or elsewhere, and names the file', async () => {
    const run = await fakeRun(join(folder, 'r'), { lock: RELEASED });
    const { said, around } = watching();
    await runReport({ run, output: null, json: true }, around, '1');
    expect(JSON.parse(said.out)).toEqual({ type: 'report', path: join(run, 'report.html') });
    expect((await stat(join(run, 'report.html'))).size).toBeGreaterThan(1000);
  });

  it('refuses what is no run and where nothing can be written; a command at its end is told that there is no run', async () => {
    const { around } = watching();
    const run = await fakeRun(join(folder, 'r'), { lock: RELEASED });
    const request = { run: folder, output: null, json: false };
    await expect(runReport(request, around, '1')).rejects.toMatchObject({ code: 'run-missing' });
    const elsewhere = { run, output: join(folder, 'no', 'page.html'), json: false };
    await expect(runReport(elsewhere, around, '1')).rejects.toMatchObject({ code: 'output-folder' });
    expect(await writeReport(join(folder, 'none'), MAKER)).toBeNull();
  });
});
