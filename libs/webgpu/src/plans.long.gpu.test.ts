/** Whole steps with every tile and odd numbers of samples; minutes where a processor plays the GPU: `npm run test:gpu`. */
import { ganTask, tinyPresets } from '@gradcast/gan';
import { tileNames } from '@gradcast/plan';
import { builtinTasks } from '@gradcast/tasks';
import { describe, it } from 'vitest';
import { compare } from './for-tests/against-interpreter.ts';
import { testContext } from './for-tests/device.ts';

const context = await testContext();
const SAMPLES = [16, 17, 33];

describe.skipIf(!context).each(Object.entries(tinyPresets))('plans of tiny %s on a device', (_, preset) => {
  describe.each(tileNames)('with tiles of %s', (tile) => {
    it.each(SAMPLES)('have the gradients of the interpreter, twice the same, of %d samples', async (samples) => {
      await compare(ganTask(preset), context!, { samples, tile, twice: true });
    });
  });
});

describe.skipIf(!context).each(tileNames)('plans of the classifier with tiles of %s', (tile) => {
  it.each(SAMPLES)('have the gradients of the interpreter, twice the same, of %d samples', async (samples) => {
    await compare(
      builtinTasks.find(({ name }) => name === 'classifier')!,
      context!,
      { samples, tile, twice: true },
    );
  });
});
