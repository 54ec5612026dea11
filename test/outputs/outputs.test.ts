/** What a user makes of a trained run: samples, animations, exported models, and a page that a browser opens from the disk. */
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { outputInputs } from '@gradcast/evaluate';
import { Chromium, hasChromium, pythonHas, readByPython, runsIn, Workbench } from '@gradcast/testing';
import { builtinTask } from '@gradcast/tasks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Tab } from '../volunteers/tab.ts';

const SAMPLES = 4;
const STEPS = 4;

/** Prints the names of scalars, images and histograms, each with the steps that it has. */
const READ_EVENTS = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
read = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
read.Reload()
of = {"scalars": read.Scalars, "images": read.Images, "histograms": read.Histograms}
print(json.dumps({kind: {tag: [e.step for e in get(tag)] for tag in read.Tags()[kind]} for kind, get in of.items()}))
`;

/** Prints name, step and number of children of each span that has any. */
const READ_SPANS = `
import json, struct, sys
from collections import Counter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
data, spans = sys.stdin.buffer.read(), []
while data:
    (size,), data = struct.unpack("<I", data[:4]), data[4:]
    request, data = ExportTraceServiceRequest.FromString(data[:size]), data[size:]
    spans += [span for of in request.resource_spans for scope in of.scope_spans for span in scope.spans]
children = Counter((span.parent_span_id, span.name) for span in spans if span.parent_span_id)
roots = [span for span in spans if not span.parent_span_id]
value = lambda span, key: next(a.value.int_value for a in span.attributes if a.key == key)
print(json.dumps([[r.name, value(r, "gradcast.step"), children[r.span_id, "lease"], children[r.span_id, "optimizer"]] for r in roots]))
`;

let bench: Workbench;
let run = '';
/** What the run sent, each with its length before it. */
const sent: Buffer[] = [];
beforeAll(async () => {
  bench = await Workbench.create();
  const collector = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (bytes: Buffer) => void body.push(bytes));
    request.on('end', () => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.concat(body).length);
      sent.push(length, ...body);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  const watched = `--log-interval 1 --tensorboard --otlp http://127.0.0.1:${port}`;
  const how = `--steps ${STEPS} --seed 4 --micro-batches 2 --global-batch 32 --sample-every 1 --backend wasm --workers 1`;
  const { code, stderr } = await bench.run(`train --preset mnist ${how} ${watched} --out runs`);
  expect(code, stderr).toBe(0);
  [run] = await runsIn(bench.path('runs'));
  collector.close();
}, 180_000);
afterAll(() => bench.remove());

async function done(command: string): Promise<string> {
  const { code, stdout, stderr } = await bench.run(command);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** As an animated PNG says at its beginning. */
async function framesOf(name: string): Promise<number> {
  const bytes = await readFile(bench.path(name));
  return bytes.readUInt32BE(bytes.indexOf('acTL') + 4);
}

describe('outputs of a run', () => {
  it.skipIf(!pythonHas('tensorboard'))(
    'are what TensorBoard reads (needs the Python package tensorboard)',
    async () => {
      const read = (await readByPython(READ_EVENTS, { args: [join(run, 'tensorboard')] })) as Record<
        'scalars' | 'images' | 'histograms',
        Record<string, number[]>
      >;
      expect(read.scalars['train/images_per_second']).toEqual([1, 2, 3, 4]);
      expect(read.images['samples/grid'].at(-1)).toBe(STEPS);
      const [{ length }, ...others] = Object.values(read.histograms);
      expect(others.length).toBeGreaterThan(10);
      for (const steps of Object.values(read.histograms)) {
        expect([steps.length, steps.at(-1)]).toEqual([length, STEPS]);
      }
    },
  );

  const hasSpans = pythonHas('opentelemetry.proto.collector.trace.v1.trace_service_pb2');
  it.skipIf(!hasSpans)('are spans (needs the Python package opentelemetry-proto)', async () => {
    const spans = await readByPython(READ_SPANS, { input: Buffer.concat(sent) });
    expect(spans).toEqual([1, 2, 3, 4].map((step) => ['step', step, 1, 1]));
  });

  it('are samples in a folder, and animations', async () => {
    expect(await done(`sample ${run} --count 12 --backend wasm --output digits/`)).toBe('digits/');
    expect(await readdir(bench.path('digits'))).toHaveLength(12);
    await done(`interpolate ${run} --count 4 --points 2 --frames 3 --backend wasm --output walk.png`);
    expect(await framesOf('walk.png')).toBe(6);
    // A run draws a grid when the one before is drawn, and the last one always.
    const grids = (await readdir(join(run, 'samples'))).length;
    const { code, stderr } = await bench.run(`animate ${run} --frames 2 --output training.png`);
    expect(code, stderr).toBe(0);
    const shown = Math.min(2, grids);
    expect(stderr).toMatch(new RegExp(`^gradcast: ${shown} frames? of ${grids} grids?, after steps .*\\b4\n$`));
    expect(await framesOf('training.png')).toBe(shown);
  });

  it('leave nothing behind when they are interrupted', async () => {
    const before = (await readdir(bench.folder)).sort();
    const walk = bench.start(
      `interpolate ${run} --count 64 --points 64 --frames 1000 --backend wasm --output long.png`,
    );
    // Once the file is begun.
    await expect
      .poll(async () => (await readdir(bench.folder)).some((name) => name.endsWith('-long.png')), { timeout: 60_000 })
      .toBe(true);
    walk.signal('SIGINT');
    const { code, stderr } = await walk.ended();
    expect(code).toBe(130);
    expect(stderr).toContain('gradcast: stopped; nothing was written');
    expect((await readdir(bench.folder)).sort()).toEqual(before);
  });

  it('are models for other programs', async () => {
    await done(`export ${run} --format tfjs --backend wasm --output model`);
    expect((await readdir(bench.path('model'))).sort()).toEqual(['model.json', 'weights.bin']);
    for (const format of ['safetensors', 'onnx']) {
      await done(`export ${run} --format ${format} --backend wasm --output g.${format}`);
      expect((await stat(bench.path(`g.${format}`))).size).toBeGreaterThan(4 * 165_000);
    }
  });

  it.skipIf(!hasChromium)('are a page that draws the same pixels, by keyboard, in dark and in light', async () => {
    await done(`export ${run} --format html --backend wasm --output page.html`);
    await done(`sample ${run} --count ${SAMPLES} --seed 7 --backend wasm --output same.npy`);
    const { output } = builtinTask({ preset: 'mnist', task: null })!;
    const noise = outputInputs(output!, { count: SAMPLES, seed: 7 }).fields['noise'] as Float32Array;
    const known = (await readFile(bench.path('same.npy'))).subarray(-SAMPLES * 784);
    const browser = await Chromium.start();
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        const address = pathToFileURL(bench.path('page.html')).href;
        const tab = await Tab.open(browser, address, { width: 420, height: 800, colorScheme });
        const status = tab.page.getByRole('status');
        await status.filter({ hasText: /^16 images of seed 1, drawn in \d+ ms$/ }).waitFor();
        const drawn = await tab.page.evaluate(
          ({ points, latent }) => {
            type Page = { gradcast: { pixels: (noise: number[]) => ArrayLike<number> } };
            const { pixels } = (globalThis as unknown as Page).gradcast;
            return points.flatMap((_, i) => (i % latent ? [] : Array.from(pixels(points.slice(i, i + latent)))));
          },
          { points: [...noise], latent: noise.length / SAMPLES },
        );
        expect(drawn).toHaveLength(known.length);
        // A byte may round the other way.
        expect(Math.max(...drawn.map((byte, i) => Math.abs(byte - known[i])))).toBeLessThanOrEqual(1);
        await tab.page.keyboard.press('Tab');
        await tab.page.keyboard.press('Enter');
        await status.filter({ hasText: /^16 images of seed 2/ }).waitFor();
        await tab.page.keyboard.press('Tab');
        await tab.page.keyboard.press('Space');
        await tab.page.getByRole('button', { name: 'Walk', pressed: true }).waitFor();
        await tab.page.keyboard.press('Space');
        await tab.page.getByRole('button', { name: 'Walk', pressed: false }).waitFor();
        expect(await tab.barriers()).toEqual([]);
        expect(tab.faults).toEqual([]);
        expect(tab.asked).toEqual([expect.stringMatching(/page\.html$/)]);
        await tab.close();
      }
    } finally {
      await browser.close();
    }
  });
});
