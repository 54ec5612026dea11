import { ganTask, presets, tinyPresets } from '@gradcast/gan';
import { builtinTasks } from '@gradcast/tasks';
import { layers } from '@gradcast/network';
import type { LayerSpec } from '@gradcast/network';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessesOf } from './accesses.ts';
import { checkPlan, countsOf } from './builder.ts';
import { compileStep } from './compile-step.ts';
import { printPlan } from './print.ts';
import type { Plan } from './plan.ts';
import { tileNames } from './tiles.ts';

const tasks = [...builtinTasks, ...Object.values(tinyPresets).map(ganTask)];
const tutorial = ganTask(presets.tutorial);

/** How often each element of the result is written. */
function writesOfResult(plan: Plan): Uint8Array {
  const writes = new Uint8Array(plan.sizes.result / 4);
  for (const launch of plan.launches) {
    for (const { value, at, elements } of accessesOf(launch).writes) {
      if (plan.values[value].home !== 'result') continue;
      for (let i = at; i < at + elements; i++) writes[i] += 1;
    }
  }
  return writes;
}

/** Chains of layers from an image, mostly of kinds that have a neighbour to be fused with. */
const networks = fc
  .array(
    fc.oneof(
      fc
        .record({
          kind: fc.constantFrom('conv', 'convTranspose' as const),
          filters: fc.integer({ min: 1, max: 5 }),
          kernel: fc.integer({ min: 1, max: 5 }),
          stride: fc.integer({ min: 1, max: 2 }),
          bias: fc.boolean(),
        })
        .map(({ kind, filters, kernel, ...settings }) =>
          kind === 'conv' ? layers.conv(filters, kernel, settings) : layers.convTranspose(filters, kernel, settings),
        ),
      fc.constant(layers.leakyRelu(0.2)),
      fc.constant(layers.tanh()),
      fc.constant(layers.batchNorm()),
      fc.constant(layers.resize(2)),
      fc.constant(layers.resizeConv(2, 3)),
    ),
    { maxLength: 6 },
  )
  .map((middle): LayerSpec[] => [layers.dense(3 * 3 * 2), layers.reshape([3, 3, 2]), ...middle]);

describe('compileStep', () => {
  it('gives `tutorial` at most 60 launches, whatever the size of a micro-batch', () => {
    for (const samples of [1, 16, 17, 64, 256, 1024]) {
      const options = { largestBuffer: 2 ** 31 };
      expect(compileStep(tutorial, tutorial.stepGraph!(samples), options).launches.length).toBeLessThanOrEqual(60);
    }
  });

  it('gives this plan of `tutorial`', () => {
    const lines = printPlan(compileStep(tutorial, tutorial.stepGraph!(64))).replaceAll(/ @\d+:\d+/g, '');
    expect(lines).toMatchSnapshot();
  });

  it.each(tasks.map((task) => [task.name, task] as const))('gives %s plans that check', (_, task) => {
    for (const samples of [17, task.microBatch]) {
      const plan = compileStep(task, task.stepGraph!(samples));
      for (const each of [plan, plan.otherwise ?? plan]) {
        checkPlan(each);
        const writes = writesOfResult(each);
        for (const [layout, from] of [
          [task.parameters, 0],
          [task.tail, task.parameters.length],
        ] as const) {
          for (const { name, offset, size } of layout.entries) {
            const own = writes.subarray(from + offset, from + offset + size);
            expect(Math.min(own.indexOf(0), own.indexOf(2)), name).toBe(-1);
          }
        }
        const inside = task.parameters.length + task.tail.length;
        expect(writes.subarray(0, inside).reduce((sum, count) => sum + count, 0)).toBe(
          [...task.parameters.entries, ...task.tail.entries].reduce((sum, { size }) => sum + size, 0),
        );
      }
    }
  });

  it('takes any chain of layers, tile shape and size of buffers', () => {
    fc.assert(
      fc.property(
        networks,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(undefined, ...tileNames),
        (generator, samples, tile) => {
          const preset = { ...tinyPresets.sigmoid, latent: 3, generator };
          const task = tryTask(preset);
          fc.pre(task !== undefined);
          const plain = compileStep(task, task.stepGraph!(samples), { chooseTile: () => tile });
          checkPlan(plain);
          const largest = Math.max(...plain.values.map(({ elements }) => 256 * Math.ceil(elements / 64)), 256);
          const small = compileStep(task, task.stepGraph!(samples), {
            chooseTile: () => tile,
            largestBuffer: largest,
          });
          checkPlan(small);
          expect(Math.max(...small.arenas)).toBeLessThanOrEqual(largest);
          expect(small.launches).toEqual(plain.launches);
          const { arenaBytes, valueBytes } = countsOf(plain);
          expect(arenaBytes).toBeLessThanOrEqual(valueBytes);
        },
      ),
      { numRuns: 60, seed: 16 },
    );
  });

  it('adds in the same order whatever the tiles are', () => {
    const orderOf = (tile: (typeof tileNames)[number]) =>
      compileStep(tutorial, tutorial.stepGraph!(33), { chooseTile: () => tile }).launches.map((launch) =>
        launch.kind === 'product' && launch.kernel.kind === 'tiled' ? { ...launch, kernel: undefined } : launch,
      );
    for (const tile of tileNames) expect(orderOf(tile)).toEqual(orderOf('64x64'));
  });

  it('counts what is uploaded, comes back and is computed', () => {
    const counts = countsOf(compileStep(tutorial, tutorial.stepGraph!(64)));
    const { parameters, tail } = tutorial;
    expect(counts.uploadedBytes).toBe(4 * parameters.length + 64 * 784 + 64 * 100 * 4);
    // Behind the tail lie flags.
    expect(counts.resultBytes).toBe(4 * (parameters.length + tail.length + 16));
    expect(counts.flops / 64 / 1e9).toBeCloseTo(0.43, 2);
  });

  it('refuses what has no place, with a code', () => {
    const graph = tutorial.stepGraph!(64);
    expect(() => compileStep(tutorial, graph, { largestBuffer: 2 ** 20 })).toThrow(
      expect.objectContaining({ code: 'plan-too-large' }),
    );
    const nodes = [
      { op: 'field', field: 'images' },
      { op: 'forward', network: 'judge', of: { node: 0, part: 'out' } },
    ] as const;
    expect(() => compileStep(tutorial, { ...graph, nodes })).toThrow(
      expect.objectContaining({ code: 'plan-unsupported', message: 'task tutorial has no network judge' }),
    );
  });
});

/** The generator's image as the discriminator takes it, made so by a last layer. */
function tryTask(preset: typeof tinyPresets.sigmoid) {
  const size = 8 * 8;
  const generator = [...preset.generator];
  const shape = shapeOf(generator);
  if (!shape || shape > 4000) return undefined;
  generator.push(layers.reshape([shape]), layers.dense(size), layers.reshape([8, 8, 1]));
  return ganTask({ ...preset, generator });
}

/** Elements that a chain from `[3, 3, 2]` ends in; undefined if it does not fit. */
function shapeOf(specs: readonly LayerSpec[]): number | undefined {
  let [side, channels] = [3, 2];
  for (const spec of specs) {
    if (spec.kind === 'conv') [side, channels] = [Math.ceil(side / spec.stride), spec.filters];
    if (spec.kind === 'conv_transpose') [side, channels] = [side * spec.stride, spec.filters];
    if (spec.kind === 'resize') side *= spec.factor;
    if (spec.kind === 'resize_conv') [side, channels] = [side * spec.factor, spec.filters];
  }
  return side * side * channels;
}
