/** Every product by every kernel, also where most of a tile is empty: `npm run test:gpu`. */
import { tileNames } from '@gradcast/plan';
import type { ProductKernel } from '@gradcast/plan';
import { describe, it } from 'vitest';
import { testContext } from './for-tests/device.ts';
import { compareProducts, convolutions, productPlans } from './for-tests/products.ts';
import type { ConvolutionName } from './for-tests/products.ts';

const context = await testContext();
const kernels: readonly ProductKernel[] = [
  ...tileNames.map((tile) => ({ kind: 'tiled', tile }) as const),
  ...[1, 4, 64].map((lanes) => ({ kind: 'dot', lanes }) as const),
];

describe.skipIf(!context).each(kernels)('products by %j', (kernel) => {
  it.each(Object.keys(convolutions) as ConvolutionName[])('are those of the interpreter: %s', async (name) => {
    for (const images of [1, 17]) await compareProducts(context!, productPlans(name, { kernel, images }));
  });
});
