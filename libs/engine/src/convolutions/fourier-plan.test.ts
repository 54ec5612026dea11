import { expect, it } from 'vitest';
import { productsOf } from './fourier-plan.ts';

it('needs one product for a real frequency and three for a conjugate pair', () => {
  expect([productsOf(1, 1), productsOf(9, 9), productsOf(8, 8), productsOf(8, 9)]).toEqual([1, 121, 94, 107]);
});
