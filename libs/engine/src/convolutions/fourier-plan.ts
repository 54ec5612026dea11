/**
 * A convolution as few products: the matrices that lead to and from its Fourier coefficients.
 *
 * A convolution of an axis is circular as soon as the circle is long enough that no wanted output sees a pixel a second
 * time; on a circle it is one complex product for each frequency. Real data need half of the frequencies, and a complex
 * product takes three real ones (Gauss). So with X = `input` x, W = `filter` w and Y = `output`^T (X W), product by
 * product, all three matrices real, Y is the convolution, and its gradients are the same three matrices transposed.
 * Unlike the short convolutions of Winograd these sums lose no accuracy: every coefficient is at most 2.
 *
 * With a stride s, pixels are taken as squares of s x s whose places are further channels: a filter tap then belongs to
 * one place of a square, and the convolution of the squares has stride 1.
 *
 * Source: Mathieu, Henaff and LeCun, "Fast Training of Convolutional Networks through FFTs" (2013), with the transform
 * written as a matrix, because images are small.
 */
import { cosineOfTurn } from '@gradcast/random';
import { reachOf, type Axis } from './window.ts';

/** Row-major. */
interface Matrix {
  /** `[rows, columns]`. */
  readonly shape: readonly [number, number];
  readonly values: Float32Array;
}

export interface FourierPlan {
  /** Real products for each image and pair of channels, the places of a square counted as channels. */
  readonly products: number;
  /** Squares of the input: rows and columns. */
  readonly squares: readonly [number, number];
  /** `[products, squares]`. */
  readonly input: Matrix;
  /** `[products * stride * stride, kh kw]`. */
  readonly filter: Matrix;
  /** `[products, OH OW]`. */
  readonly output: Matrix;
}

/** A frequency of both axes, in cycles a circle. */
interface Frequency {
  readonly row: number;
  readonly column: number;
  /** Whether its coefficient is real: it is its own conjugate. */
  readonly real: boolean;
}

/** Squares around the circle of an axis on which no wanted output sees one twice. */
export function circleOf(axis: Axis): number {
  const { first, last } = reachOf(axis);
  return Math.max(axis.output + last, Math.ceil(axis.input / axis.stride) - first);
}

/** How many real products a convolution over two circles takes. */
export function productsOf(rows: number, columns: number): number {
  const real = (rows % 2 === 0 ? 2 : 1) * (columns % 2 === 0 ? 2 : 1);
  return (3 * (rows * columns - real)) / 2 + real;
}

/** One frequency of each conjugate pair. */
function frequenciesOf(rows: number, columns: number): Frequency[] {
  const frequencies: Frequency[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const place = row * columns + column;
      const conjugate = ((rows - row) % rows) * columns + ((columns - column) % columns);
      if (place <= conjugate) frequencies.push({ row, column, real: place === conjugate });
    }
  }
  return frequencies;
}

/** Of one side of a convolution: where a value lies on the two circles, or undefined where it does not count. */
type Place = (value: number) => readonly [number, number] | undefined;

/** The products' coefficients where a frequency's wave is c + i s. */
type Coefficients = (c: number, s: number, real: boolean) => readonly number[];

class Waves {
  readonly #rows: number;
  readonly #columns: number;
  readonly #frequencies: readonly Frequency[];

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
    this.#frequencies = frequenciesOf(rows, columns);
  }

  /** A matrix with a row for each product and place of a square, and a column for each value. */
  matrix(columns: number, places: readonly Place[], coefficients: Coefficients): Matrix {
    const rows: number[][] = [];
    for (const frequency of this.#frequencies) {
      const products = frequency.real ? 1 : 3;
      const first = rows.length;
      for (let row = 0; row < products * places.length; row++) rows.push(new Array<number>(columns).fill(0));
      places.forEach((placeOf, square) => {
        for (let column = 0; column < columns; column++) {
          const place = placeOf(column);
          if (!place) continue;
          const [c, s] = this.#wave(frequency, place);
          coefficients(c, s, frequency.real).forEach((coefficient, product) => {
            rows[first + product * places.length + square][column] = coefficient;
          });
        }
      });
    }
    return { shape: [rows.length, columns], values: Float32Array.from(rows.flat()) };
  }

  #wave({ row, column }: Frequency, [y, x]: readonly [number, number]): [number, number] {
    const circle = this.#rows * this.#columns;
    const turn = row * y * this.#columns + column * x * this.#rows;
    return [cosineOfTurn(turn, circle), cosineOfTurn(4 * turn - circle, 4 * circle)];
  }
}

/** Makes the matrices of a convolution. */
export function fourierPlan(axes: readonly [Axis, Axis]): FourierPlan {
  const [vertical, horizontal] = axes;
  const { stride } = vertical;
  const rows = circleOf(vertical);
  const columns = circleOf(horizontal);
  const waves = new Waves(rows, columns);
  const squares = axes.map(({ input }) => Math.ceil(input / stride)) as [number, number];
  const grid =
    (width: number): Place =>
    (value) => [Math.floor(value / width), value % width];

  /** Where the filter's taps lie that belong to the place `row`, `column` of a square. */
  const taps = (row: number, column: number): Place => {
    return (tap) => {
      const y = Math.floor(tap / horizontal.filter) - vertical.before - row;
      const x = (tap % horizontal.filter) - horizontal.before - column;
      return y % stride === 0 && x % stride === 0 ? [y / stride, x / stride] : undefined;
    };
  };
  const places = Array.from({ length: stride * stride }, (_, place) =>
    taps(Math.floor(place / stride), place % stride),
  );

  // With a + i b the coefficient of the pixels and c + i d that of the filter, k1 = c (a + b), k2 = a (d - c) and
  // k3 = b (c + d) are enough: (a + i b) (c + i d) = k1 - k3 + i (k1 + k2). A conjugate pair counts twice.
  const scale = 1 / (rows * columns);
  return {
    products: productsOf(rows, columns),
    squares,
    input: waves.matrix(squares[0] * squares[1], [grid(squares[1])], (c, s, real) => (real ? [c] : [c - s, c, -s])),
    filter: waves.matrix(vertical.filter * horizontal.filter, places, (c, s, real) => (real ? [c] : [c, s - c, c + s])),
    output: waves.matrix(vertical.output * horizontal.output, [grid(horizontal.output)], (c, s, real) =>
      real ? [scale * c] : [2 * scale * (c - s), -2 * scale * s, -2 * scale * c],
    ),
  };
}
