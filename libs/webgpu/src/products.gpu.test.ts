import { describe, it } from 'vitest';
import { testContext } from './for-tests/device.ts';
import { compareProducts, shortProducts } from './for-tests/products.ts';

const context = await testContext();

describe.skipIf(!context)('products on a device', () => {
  it('are those of the interpreter, in parts too', async () => {
    await compareProducts(context!, shortProducts());
  });
});
