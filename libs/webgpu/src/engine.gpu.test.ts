import { ganTask, tinyPresets } from '@gradcast/gan';
import { compileOutput, interpret } from '@gradcast/plan';
import type { TileName } from '@gradcast/plan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { builtinTasks } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { createPlanEngine } from './engine.ts';
import { compare, gradientOf } from './for-tests/against-interpreter.ts';
import { testContext } from './for-tests/device.ts';

const context = await testContext();
const title = `plans on a device${context ? '' : ' (skipped: WebGPU found no graphics adapter)'}`;
const task = (name: string) => builtinTasks.find((each) => each.name === name)!;
const tiny = Object.entries(tinyPresets).map(([name, preset]) => [name, ganTask(preset)] as const);

/** Few, small and large: `npm run test:gpu` has all of them. */
const someTiles = ['64x16', '64x64w', '128x128'] as const satisfies readonly TileName[];

describe.skipIf(!context)(title, () => {
  it.each(tiny)('have the gradients of the interpreter: %s', async (_, each) => {
    await compare(each, context!, { samples: 17 });
  });

  it.each(someTiles)('have them with tiles of %s', async (tile) => {
    await compare(ganTask(tinyPresets.sigmoid), context!, { samples: 17, tile });
  });

  it.each([-60, -39, 20])('have them where margins are %d', async (margin) => {
    for (const name of ['sigmoid', 'softmax'] as const) {
      await compare(ganTask(tinyPresets[name]), context!, { samples: 4, margin });
    }
  });

  it('have those of the classifier', async () => {
    await compare(task('classifier'), context!, { samples: 3 });
  });

  it('have the same bits each time, and in another engine', async () => {
    for (const each of [ganTask(tinyPresets.sigmoid), ganTask(tinyPresets.conditional)]) {
      const parameters = formulaParameters(each);
      const batch = formulaMicroBatch(each, 17);
      const first = await gradientOf(each, parameters, { context: context!, batch });
      const engine = createPlanEngine(each, context!);
      engine.load(parameters);
      const again = new Float32Array(first.length);
      await engine.gradient(formulaMicroBatch(each, 17, 1), again);
      await engine.gradient(batch, again);
      engine.dispose();
      expect(again).toEqual(first);
    }
  });

  it('infer what the interpreter does', async () => {
    for (const name of ['conditional', 'softmax'] as const) {
      const each = ganTask(tinyPresets[name]);
      const parameters = formulaParameters(each);
      const inputs = formulaMicroBatch({ fields: each.output!.inputs }, 300);
      const reference = formulaMicroBatch({ fields: each.output!.inputs }, 20, 1);
      const engine = createPlanEngine(each, context!);
      engine.load(parameters);
      const bytes = (await engine.infer(inputs, reference)) as Uint8Array;
      engine.dispose();
      const plans = compileOutput(each, each.outputChain()!);
      const seen = interpret(plans.measure(20), { parameters, fields: reference.fields });
      const statistics = seen.subarray(0, plans.statistics.length);
      const output = interpret(plans.infer(300), { parameters, fields: inputs.fields, statistics });
      const scale = each.preset.range === 'unit' ? (v: number) => 255 * v : (v: number) => 127.5 * (v + 1);
      const far = bytes.reduce((most, byte, i) => Math.max(most, Math.abs(scale(output[i]) - byte)), 0);
      expect(far).toBeLessThan(0.51);
    }
  });
});
