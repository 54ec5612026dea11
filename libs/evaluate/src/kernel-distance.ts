/**
 * Kernel distance: the squared maximum mean discrepancy of two sets of features under the kernel `(x . y / d + 1)^3`, as KID
 * takes it. The estimator is unbiased: it is 0 on average for two sets of one distribution, however few the samples, and so
 * may be negative.
 *
 * Source: Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018, section 3.1.
 */
import { eachProducts, firstRows, type Rows } from './products.ts';

/** Samples of a block; the distance is the mean over blocks, each unbiased. */
export const KERNEL_BLOCK = 1000;

/**
 * The distance of two sets, as the mean over blocks of {@link KERNEL_BLOCK} samples, the first with the first and so on.
 * What is left over of the longer set, and a block begun but not full after a full one, count nothing.
 *
 * @throws RangeError for fewer than two samples, or features of other dimensions.
 */
export function kernelDistance(real: Rows, generated: Rows): number {
  const count = Math.min(real.count, generated.count);
  if (count < 2) throw new RangeError('a kernel distance needs two samples of each kind');
  const size = Math.min(KERNEL_BLOCK, count);
  const blocks = Math.floor(count / size);
  let sum = 0;
  for (let block = 0; block < blocks; block++) {
    sum += blockDistance(firstRows(real, size, block * size), firstRows(generated, size, block * size));
  }
  return sum / blocks;
}

/** Sums over ordered pairs of different samples within, over all pairs between. */
function blockDistance(real: Rows, generated: Rows): number {
  const n = real.count;
  return (within(real) + within(generated)) / (n * (n - 1)) - (2 * between(real, generated)) / (n * n);
}

function within(rows: Rows): number {
  let sum = 0;
  eachProducts({ a: rows, b: rows, upper: true }, (row, products) => {
    for (let column = row + 1; column < products.length; column++) sum += kernel(products[column], rows.dimensions);
  });
  return 2 * sum;
}

function between(a: Rows, b: Rows): number {
  let sum = 0;
  eachProducts({ a, b }, (_, products) => {
    for (const product of products) sum += kernel(product, a.dimensions);
  });
  return sum;
}

function kernel(product: number, dimensions: number): number {
  const base = product / dimensions + 1;
  return base * base * base;
}
