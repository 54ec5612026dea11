/** The kinds of kernels, each with its shapes and operands: plain data. */
import type { ActivationUse } from '@gradcast/network';
import type { Convolution, Way } from './convolution.ts';

/** A run of a value that begins at an element; how long it is follows from the use. */
export interface Ref {
  /** Number of the value. */
  readonly value: number;
  readonly at: number;
}

/**
 * What is done to each number v of a kernel's output before it is stored. The output is `[samples, ..., channels]`; i is the place
 * in it, n the sample, c the channel. Operands are as long as the output, or a table by channel, sample or class.
 */
export type Pointwise =
  /** v + bias[c] */
  | { readonly step: 'bias'; readonly bias: Ref }
  | ({ readonly step: 'activate' } & ActivationUse)
  /** v times the activation's derivative where it gave y[i]. */
  | ({ readonly step: 'activation-gradient'; readonly y: Ref } & ActivationUse)
  /** (v - mean[c]) inverse[c] gamma[c] + beta[c]; with labels gamma and beta are `[classes, channels]`. */
  | {
      readonly step: 'normalize';
      /** `[2, channels]`: mean, then 1 / sqrt(variance + epsilon). */
      readonly moments: Ref;
      readonly gamma: Ref;
      readonly beta: Ref;
      readonly labels?: Ref;
      readonly classes: number;
    }
  /** v gamma[c], where v is the gradient by what was normalised and scaled. */
  | {
      readonly step: 'scale-channels';
      readonly gamma: Ref;
      readonly labels?: Ref;
      readonly classes: number;
    }
  /** inverse[c] (v - (sums[0][c] + normalised x sums[1][c]) / count), with the sums of v and of v times normalised x. */
  | {
      readonly step: 'norm-gradient';
      readonly x: Ref;
      readonly moments: Ref;
      /** `[2, channels]`. */
      readonly sums: Ref;
      readonly count: number;
    }
  /** v by[n] */
  | { readonly step: 'scale-samples'; readonly by: Ref }
  /** v + factor other[i] */
  | { readonly step: 'add'; readonly other: Ref; readonly factor: number };

/** What an output's places mean. */
export interface OutputShape {
  readonly samples: number;
  /** Elements of a sample. */
  readonly perSample: number;
  readonly channels: number;
}

/** How a product is computed: `tiled` through workgroup memory, or `dot`, an output a group of lanes. */
export type ProductKernel =
  | { readonly kind: 'tiled'; readonly tile: string }
  /** `lanes` invocations share a sum, each takes every lanes-th term; their results are added by tree. */
  | { readonly kind: 'dot'; readonly lanes: number };

/** One of the three products of a layer; see `convolution.ts`. */
export interface ProductLaunch {
  readonly kind: 'product';
  readonly name: string;
  readonly way: Way;
  readonly convolution: Convolution;
  readonly images: number;
  /** `large` of forward and by-filter, `small` of by-input. */
  readonly left: Ref;
  /** The filter, or `small` of by-filter. */
  readonly right: Ref;
  readonly kernel: ProductKernel;
  /** Into how many runs of terms the sums are cut; with more than one the output is `[parts, ...]` and `steps` is empty. */
  readonly parts: number;
  readonly shape: OutputShape;
  readonly steps: readonly Pointwise[];
  readonly out: Ref;
}

/** Adds the parts of a product, in order. */
export interface SumPartsLaunch {
  readonly kind: 'sum-parts';
  readonly name: string;
  readonly parts: number;
  /** `[parts, elements]`. */
  readonly input: Ref;
  readonly shape: OutputShape;
  readonly steps: readonly Pointwise[];
  readonly out: Ref;
}

/** Where a map's numbers come from, before its steps. */
export type MapSource =
  | { readonly kind: 'value'; readonly input: Ref }
  /** Bytes through a table of 256 numbers. */
  | { readonly kind: 'pixels'; readonly bytes: Ref; readonly range: 'unit' | 'symmetric' }
  /** Labels as numbers, in segments of which each begins with the first sample. */
  | { readonly kind: 'labels'; readonly bytes: Ref; readonly segments: readonly number[] }
  /** Means over squares: `[H, W, C]` to `[H / size, W / size, C]`. */
  | { readonly kind: 'pool'; readonly input: Ref; readonly large: PooledShape; readonly size: number }
  | { readonly kind: 'pool-gradient'; readonly input: Ref; readonly large: PooledShape; readonly size: number }
  /** Each pixel `size` x `size` times, to `large`. */
  | { readonly kind: 'resize'; readonly input: Ref; readonly large: PooledShape; readonly size: number }
  | { readonly kind: 'resize-gradient'; readonly input: Ref; readonly large: PooledShape; readonly size: number }
  /** A filter `[k, k, in, out]` as the transposed convolution's that resizes as well, `[taps, taps, out, in]`. */
  | { readonly kind: 'spread-taps'; readonly input: Ref; readonly taps: TapSums }
  /** The gradient by `spread-taps`' input from that by its output. */
  | { readonly kind: 'gather-taps'; readonly input: Ref; readonly taps: TapSums }
  /** dy[n] (kernel[f] + embedding[label[n]][f]) */
  | {
      readonly kind: 'projection-gradient';
      readonly dy: Ref;
      readonly kernel: Ref;
      readonly embedding: Ref;
      readonly labels: Ref;
      readonly features: number;
      readonly classes: number;
    };

export type PooledShape = readonly [height: number, width: number, channels: number];

/** See `libs/network/src/layers/resize.ts`. */
export interface TapSums {
  readonly kernel: number;
  readonly factor: number;
  /** Channels of the layer's input. */
  readonly inputs: number;
  /** Channels of its output. */
  readonly outputs: number;
}

export interface MapLaunch {
  readonly kind: 'map';
  readonly name: string;
  readonly source: MapSource;
  readonly shape: OutputShape;
  readonly steps: readonly Pointwise[];
  readonly out: Ref;
}

/**
 * Sums over the rows of `[rows, channels]`, in parts of neighbouring rows: `[parts, numbers, channels]`.
 *
 * - `sum`: of input, with `weights` times a number for each sample, with `labels` each class by itself.
 * - `moments`: mean of the part's rows and sum of squared distances from it.
 * - `norm-gradient`: of input and of input times the normalised x; with `labels` each class by itself.
 */
export interface ColumnsLaunch {
  readonly kind: 'columns';
  readonly name: string;
  readonly of: ColumnSum;
  readonly rows: number;
  readonly channels: number;
  readonly parts: number;
  readonly input: Ref;
  readonly weights?: Ref;
  readonly labels?: Ref;
  readonly classes: number;
  /** Rows of a sample. */
  readonly rowsPerSample: number;
  readonly x?: Ref;
  readonly moments?: Ref;
  readonly out: Ref;
}

export type ColumnSum = 'sum' | 'moments' | 'norm-gradient';

/** Ends the sums of a {@link ColumnsLaunch}: adds parts, or merges moments, along a tree of `lanes` leaves. */
export interface ColumnsEndLaunch {
  readonly kind: 'columns-end';
  readonly name: string;
  readonly of: ColumnSum;
  readonly rows: number;
  readonly channels: number;
  readonly parts: number;
  readonly classes: number;
  readonly lanes: number;
  readonly input: Ref;
  /** Of moments: added to the variance. */
  readonly epsilon: number;
  /** The sum `[classes, channels]` (`sum`); `[2, channels]` for the steps above (`moments`, `norm-gradient`). */
  readonly out?: Ref;
  /** Mean and biased variance (`moments`), or the gradients by beta and gamma (`norm-gradient`), `[classes, channels]`. */
  readonly first?: Ref;
  readonly second?: Ref;
  /** Of `norm-gradient`: what its sums are multiplied with for `out`, `[classes, channels]`; those of all classes are added. */
  readonly gamma?: Ref;
}

/** The rows of x times a kernel and the embedding of each sample's class, and a bias: `[samples, 1]`. */
export interface ProjectionLaunch {
  readonly kind: 'projection';
  readonly name: string;
  readonly samples: number;
  readonly features: number;
  readonly classes: number;
  readonly x: Ref;
  readonly kernel: Ref;
  readonly embedding: Ref;
  readonly bias: Ref;
  readonly labels: Ref;
  readonly out: Ref;
}

/** Losses, seeds and scalars of a GAN; see `libs/gan/src/loss.ts`. */
export interface GanLossLaunch {
  readonly kind: 'gan-loss';
  readonly name: string;
  readonly loss: 'sigmoid' | 'softmax' | 'relativistic';
  readonly samples: number;
  readonly disturbed: number;
  readonly penaltyWeight: number;
  readonly logits: Ref;
  /** As long as the logits. */
  readonly discriminator: Ref;
  readonly generator?: Ref;
  /** `[samples]`. */
  readonly ratio?: Ref;
  readonly scalars: Readonly<Record<string, Ref>>;
}

/** Cross-entropy of softmax; see `libs/network/src/losses.ts`. */
export interface SoftmaxLossLaunch {
  readonly kind: 'softmax-loss';
  readonly name: string;
  readonly samples: number;
  readonly classes: number;
  readonly scores: Ref;
  readonly labels: Ref;
  readonly seed: Ref;
  readonly scalars: Readonly<Record<string, Ref>>;
}

/** The Euclidean norm of each row of `[rows, size]`. */
export interface NormsLaunch {
  readonly kind: 'norms';
  readonly name: string;
  readonly rows: number;
  readonly size: number;
  readonly input: Ref;
  readonly out: Ref;
}

/** Writes numbers that are the same for every micro-batch. */
export interface ConstantsLaunch {
  readonly kind: 'constants';
  readonly name: string;
  readonly numbers: readonly { readonly to: Ref; readonly number: number }[];
}

export type Launch =
  | ProductLaunch
  | SumPartsLaunch
  | MapLaunch
  | ColumnsLaunch
  | ColumnsEndLaunch
  | ProjectionLaunch
  | GanLossLaunch
  | SoftmaxLossLaunch
  | NormsLaunch
  | ConstantsLaunch;

/** Numbers of a part that sums give for each column. */
export function columnNumbers({ of, classes }: Pick<ColumnsLaunch, 'of' | 'classes'>): number {
  return of === 'sum' ? classes : 2 * classes;
}
