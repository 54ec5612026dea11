/**
 * Convolutions by Fourier coefficients, for shapes where this saves most of the work.
 *
 * In the order `[product, image, channel]` the coefficients of images and filter meet in one batch of matrix products, and
 * the transforms are matrix products, too: nothing else is asked of a backend.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConvolutionShapes, Kernels, PreparedConvolution } from '@gradcast/network';
import { axesBetween } from './convolution.ts';
import { circleOf, fourierPlan, productsOf, type FourierPlan } from './fourier-plan.ts';
import type { Axis } from './window.ts';

/** Matrix products of a backend, either factor transposed first if asked for. */
export interface Products {
  /** `[a, b] x [b, c]`. */
  readonly matMul: Kernels['matMul'];
  /** `[n, a, b] x [n, b, c]`, n products side by side. */
  readonly batchMatMul: (a: Tensor3D, b: Tensor3D, transposeA: boolean, transposeB: boolean) => Tensor3D;
}

/**
 * How many times fewer multiplications it takes to make up for the passes over memory between them. The measurements are
 * in docs/kernels.md.
 */
const WORTHWHILE = 1.3;

/**
 * What `Kernels.preparedConvolution` is for a backend with fast matrix products.
 *
 * @param worthwhile how many times fewer multiplications it must need; 0 takes it wherever it is possible.
 */
export function fourierConvolutions(
  products: Products,
  worthwhile = WORTHWHILE,
): (shapes: ConvolutionShapes) => PreparedConvolution | undefined {
  const plans = new Map<string, FourierPlan>();
  return (shapes) => {
    const axes = axesBetween(shapes.input, shapes.filter, shapes);
    if (axes.some(({ input, stride }) => input % stride !== 0) || savingOf(axes, shapes) < worthwhile) return undefined;
    const key = JSON.stringify(axes);
    const plan = plans.get(key) ?? fourierPlan(axes);
    plans.set(key, plan);
    return new FourierConvolution(plan, axes, products);
  };
}

/** How many times fewer multiplications than taps times outputs. */
function savingOf([rows, columns]: readonly [Axis, Axis], { input, filter, stride }: ConvolutionShapes): number {
  const [images, height, width] = input;
  const [, , channels, filters] = filter;
  const outputs = rows.output * columns.output;
  const taps = rows.filter * columns.filter;
  const pairs = stride * stride * channels * filters;
  const transforms = images * (height * width * channels + outputs * filters) + taps * pairs;
  const products = productsOf(circleOf(rows), circleOf(columns));
  return (images * outputs * taps * channels * filters) / (products * (images * pairs + transforms));
}

class FourierConvolution implements PreparedConvolution {
  readonly #plan: FourierPlan;
  readonly #axes: readonly [Axis, Axis];
  readonly #products: Products;

  constructor(plan: FourierPlan, axes: readonly [Axis, Axis], products: Products) {
    this.#plan = plan;
    this.#axes = axes;
    this.#products = products;
  }

  /** `[N, H, W, C]` to `[products, N, s s C]`. */
  input(x: Tensor4D): Tensor3D {
    return tf.tidy(() => this.#coefficients('input', this.#squaresFirst(x), x.shape[0]));
  }

  /** `[N, OH, OW, O]` to `[products, N, O]`. */
  output(dy: Tensor4D): Tensor3D {
    return tf.tidy(() => this.#coefficients('output', pixelsFirst(dy), dy.shape[0]));
  }

  /** `[kh, kw, C, O]` to `[products, s s C, O]`. */
  filter(filter: Tensor4D): Tensor3D {
    const [height, width, channels, filters] = filter.shape;
    return tf.tidy(() => {
      const taps = tf.reshape<tf.Rank.R2>(filter, [height * width, channels * filters]);
      return tf.reshape(this.#transform('filter', taps, false), [this.#plan.products, -1, filters]);
    });
  }

  forward(input: Tensor, filter: Tensor): Tensor4D {
    const [rows, columns] = this.#axes;
    return tf.tidy(() => {
      const coefficients = this.#multiply(input, filter, false, false);
      const [products, images, filters] = coefficients.shape;
      const pixels = this.#transform('output', tf.reshape(coefficients, [products, images * filters]), true);
      const imagesFirst = tf.transpose(tf.reshape(pixels, [-1, images, filters]), [1, 0, 2]);
      return tf.reshape(imagesFirst, [images, rows.output, columns.output, filters]);
    });
  }

  inputGradient(output: Tensor, filter: Tensor): Tensor4D {
    return tf.tidy(() => {
      const coefficients = this.#multiply(output, filter, false, true);
      const [products, images, channels] = coefficients.shape;
      const squares = this.#transform('input', tf.reshape(coefficients, [products, images * channels]), true);
      return this.#imagesFirst(squares, images);
    });
  }

  filterGradient(input: Tensor, output: Tensor): Tensor4D {
    const [rows, columns] = this.#axes;
    const { stride } = rows;
    return tf.tidy(() => {
      const coefficients = this.#multiply(input, output, true, false);
      const [products, squareChannels, filters] = coefficients.shape;
      const channels = squareChannels / (stride * stride);
      const places = tf.reshape<tf.Rank.R2>(coefficients, [products * stride * stride, channels * filters]);
      return tf.reshape(this.#transform('filter', places, true), [rows.filter, columns.filter, channels, filters]);
    });
  }

  #multiply(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor3D {
    return this.#products.batchMatMul(a as Tensor3D, b as Tensor3D, transposeA, transposeB);
  }

  #coefficients(side: 'input' | 'output', pixels: Tensor2D, images: number): Tensor3D {
    return tf.reshape(this.#transform(side, pixels, false), [this.#plan.products, images, -1]);
  }

  /** `[N, H, W, C]` to `[squares, N s s C]`. */
  #squaresFirst(x: Tensor4D): Tensor2D {
    const { stride } = this.#axes[0];
    if (stride === 1) return pixelsFirst(x);
    const [images, , , channels] = x.shape;
    const [rows, columns] = this.#plan.squares;
    const places = tf.transpose(tf.reshape(x, [images, rows, stride, columns, stride, channels]), [1, 3, 0, 2, 4, 5]);
    return tf.reshape(places, [rows * columns, -1]);
  }

  /** `[squares, N s s C]` to `[N, H, W, C]`. */
  #imagesFirst(squares: Tensor2D, images: number): Tensor4D {
    const [vertical, horizontal] = this.#axes;
    const { stride } = vertical;
    const [rows, columns] = this.#plan.squares;
    const shape: [number, number, number, number] = [images, vertical.input, horizontal.input, -1];
    if (stride === 1) {
      return tf.reshape(tf.transpose(tf.reshape(squares, [rows * columns, images, -1]), [1, 0, 2]), shape);
    }
    const places = tf.reshape(squares, [rows, columns, images, stride, stride, -1]);
    return tf.reshape(tf.transpose(places, [2, 0, 3, 1, 4, 5]), shape);
  }

  /** Applies a matrix of the plan, or its transpose, to the columns of `values`. */
  #transform(side: 'input' | 'filter' | 'output', values: Tensor2D, transposed: boolean): Tensor2D {
    const { shape, values: matrix } = this.#plan[side];
    // A fresh copy: a backend may keep the array, and a recorder takes it for a constant.
    return this.#products.matMul(tf.tensor2d(matrix.slice(), [...shape], 'float32'), values, transposed, false);
  }
}

/** `[N, H, W, C]` to `[H W, N C]`. */
function pixelsFirst(images: Tensor4D): Tensor2D {
  const [count, height, width, channels] = images.shape;
  const turned = tf.transpose(tf.reshape(images, [count, height * width, channels]), [1, 0, 2]);
  return tf.reshape(turned, [height * width, count * channels]);
}
