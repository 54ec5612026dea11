/** Losses and seeds on the device against the host's formulas in doubles, far out as well. */
import { compileStep } from '@gradcast/plan';
import type { Launch, Plan } from '@gradcast/plan';
import { ganLoss, ganTask, tinyPresets } from '@gradcast/gan';
import { describe, expect, it } from 'vitest';
import { DevicePlan } from './device-plan.ts';
import { testContext } from './for-tests/device.ts';

const context = await testContext();
const SAMPLES = 300;
const MARGINS = [
  0, 1e-6, -1e-6, 0.5, -0.5, 3, -3, 12, -12, 17, -17, 30, -30, 39.9, -39.9, -40.1, -70, 90, -90, 400, -400,
];

/** A plan that is a loss alone: its logits are a field, its results come back. */
function lossPlan(launch: Extract<Launch, { kind: 'gan-loss' }>, elements: number): Plan {
  const at = (index: number) => ({ value: 1, at: index });
  const names = ['loss_g', 'loss_d', 'd_x', 'd_g_z', 'penalty', 'extreme'];
  const scalars = Object.fromEntries(names.map((name, index) => [name, at(2 * elements + SAMPLES + index)]));
  return {
    name: 'loss',
    samples: SAMPLES,
    values: [
      { name: 'field logits', elements, type: 'f32', home: 'batch', arena: 0, offset: 0 },
      { name: 'result', elements: 2 * elements + SAMPLES + 16, type: 'f32', home: 'result', arena: 0, offset: 0 },
    ],
    launches: [
      {
        ...launch,
        logits: { value: 0, at: 0 },
        discriminator: at(0),
        generator: at(elements),
        ratio: at(2 * elements),
        scalars,
      },
    ],
    arenas: [],
    sizes: { parameters: 4, batch: 4 * elements, statistics: 0, result: 4 * (2 * elements + SAMPLES + 16) },
  };
}

describe.skipIf(!context)('losses on a device', () => {
  it.each(['sigmoid', 'softmax', 'relativistic'] as const)('are those of the host: %s', async (name) => {
    const task = ganTask(tinyPresets[name]);
    const { launches } = compileStep(task, task.stepGraph!(SAMPLES));
    const launch = launches.find((each) => each.kind === 'gan-loss')!;
    const { disturbed, penaltyWeight } = launch;
    const classes = name === 'softmax' ? 2 : 1;
    const rows = 2 * (SAMPLES + disturbed);
    const elements = rows * classes;
    const plan = lossPlan(launch, elements);
    const parameters = context!.device.createBuffer({ size: 4, usage: 0x88 });
    const made = await DevicePlan.create(context!, plan, parameters);
    for (const widest of [2, 35, 400]) {
      const margins = MARGINS.filter((margin) => Math.abs(margin) <= widest);
      const logits = Float32Array.from({ length: elements }, (_, i) => margins[(7 * i) % margins.length] / classes);
      const terms = disturbed > 0 ? { samples: disturbed, weight: penaltyWeight } : undefined;
      const expected = ganLoss(name, logits, terms);
      const result = await made.run({ fields: { logits } });
      const close = (found: Float32Array, wanted: Float32Array, label: string) => {
        // Numbers below the normal ones, 2^-126, may be flushed: of this they are less than the tolerance.
        const least = 2 ** -107;
        const worst = wanted.reduce(
          (most, value, i) => Math.max(most, Math.abs(found[i] - value) / (Math.abs(value) + least)),
          0,
        );
        expect(worst, label).toBeLessThan(2e-6);
      };
      close(result.subarray(0, elements), expected.discriminatorSeed, 'discriminator');
      close(result.subarray(elements, 2 * elements), expected.generatorSeed, 'generator');
      const scalars = result.subarray(2 * elements + SAMPLES);
      if (!expected.extreme) close(result.subarray(2 * elements, 2 * elements + SAMPLES), expected.ratio, 'ratio');
      const { lossG, lossD, dX, dGZ, penalty } = expected;
      close(scalars.subarray(0, 5), Float32Array.of(lossG, lossD, dX, dGZ, penalty), 'scalars');
      expect(scalars[5] > 0).toBe(expected.extreme);
    }
    made.dispose();
    parameters.destroy();
  });
});
