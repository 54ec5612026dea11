/**
 * BatchNorm with fixed statistics is a product and a sum for each channel, so a linear layer before it takes both over:
 *
 *     gamma (W x + b - mean) / sqrt(variance + epsilon) + beta  =  (s W) x + (s (b - mean) + beta),  s = gamma / sqrt(...)
 *
 * Source: Jacob et al., "Quantization and Training of Neural Networks" (CVPR 2018), section 3.2.
 */
import type { ClassScaleShiftLayer, ConvolutionLayer, DenseLayer, ExportedLayer } from './layer.ts';

export interface FoldedNorm {
  readonly name: string;
  /** Of the layer's input and output. */
  readonly shape: readonly number[];
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/** Folds it into the last layer, or adds one of its own where that one is not linear. */
export function foldBatchNorm(layers: ExportedLayer[], norm: FoldedNorm): void {
  const { name, shape, gamma, beta, mean, variance, epsilon } = norm;
  const scale = gamma.map((value, c) => value / Math.sqrt(variance[c] + epsilon));
  const at = layers.findLastIndex(({ kind }) => kind !== 'reshape');
  const linear = layers.at(at);
  if (at >= 0 && linear && isLinear(linear) && lastOf(linear.output) % gamma.length === 0) {
    layers[at] = folded(linear, { ...norm, scale });
    return;
  }
  const shift = beta.map((value, c) => value - mean[c] * scale[c]);
  layers.push({ kind: 'scale_shift', name, input: shape, output: shape, scale, shift });
}

/** BatchNorm with a gamma and a beta for each class, `[classes, C]`: there is no one layer to fold it into. */
export function classScaleShift(norm: FoldedNorm, classes: number): ClassScaleShiftLayer {
  const { name, shape, gamma, beta, mean, variance, epsilon } = norm;
  const channels = mean.length;
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i % channels] + epsilon));
  const shift = beta.map((value, i) => value - mean[i % channels] * scale[i]);
  return { kind: 'class_scale_shift', name, input: shape, output: shape, classes, scale, shift };
}

function isLinear(layer: ExportedLayer): layer is DenseLayer | ConvolutionLayer {
  return layer.kind === 'dense' || layer.kind === 'conv' || layer.kind === 'conv_transpose';
}

function folded<L extends DenseLayer | ConvolutionLayer>(
  layer: L,
  { scale, mean, beta }: FoldedNorm & { readonly scale: Float32Array },
): L {
  const channels = scale.length;
  const outputs = lastOf(layer.output);
  // The last axis of a kernel is the output, save that of a transposed convolution, whose last but one is.
  const inner = layer.kind === 'conv_transpose' ? lastOf(layer.input) : 1;
  const kernel = layer.kernel.map((value, i) => value * scale[(Math.floor(i / inner) % outputs) % channels]);
  const bias = layer.bias.map((value, i) => (value - mean[i % channels]) * scale[i % channels] + beta[i % channels]);
  return { ...layer, kernel, bias };
}

function lastOf(shape: readonly number[]): number {
  return shape[shape.length - 1];
}
