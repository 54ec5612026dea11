/** Layers as Keras has them: class, settings, weights, and the layers that they take their input from. */
import { tensorsOf } from '../layer.ts';
import type { ClassScaleShiftLayer, ExportedLayer, LayerTensor, ScaleShiftLayer } from '../layer.ts';

export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of layers. */
  readonly from: readonly string[];
  readonly weights: readonly LayerTensor[];
}

/**
 * The layers that do what a layer does, the last of which has its output.
 *
 * @param from the layer before it, and that of the labels where it is told of classes.
 */
export function kerasLayers(layer: ExportedLayer, { from }: { readonly from: readonly string[] }): KerasLayer[] {
  const name = nameOf(layer);
  if (layer.kind === 'class_scale_shift') return classScaleShift(layer, from);
  const [className, config] = kerasLayer(layer);
  const weights = layer.kind === 'scale_shift' ? normWeights(name, layer) : tensorsOf(layer).map(renamed);
  return [{ name, className, config, from, weights }];
}

/** A layer's name there, where a slash has a meaning of its own. */
function nameOf({ name }: ExportedLayer): string {
  return name.replaceAll('/', '_');
}

function renamed({ name, ...tensor }: LayerTensor): LayerTensor {
  const at = name.lastIndexOf('/');
  return { ...tensor, name: `${name.slice(0, at).replaceAll('/', '_')}${name.slice(at)}` };
}

function kerasLayer(
  layer: Exclude<ExportedLayer, ClassScaleShiftLayer>,
): [className: string, config: Readonly<Record<string, unknown>>] {
  const linear = { activation: 'linear', use_bias: true };
  const channelsLast = { data_format: 'channels_last' };
  switch (layer.kind) {
    case 'dense':
      return ['Dense', { units: layer.output[0], ...linear }];
    case 'conv':
    case 'conv_transpose': {
      const { output, size, stride, padding } = layer;
      const window = { filters: output[2], kernel_size: [size, size], strides: [stride, stride], padding };
      return [layer.kind === 'conv' ? 'Conv2D' : 'Conv2DTranspose', { ...window, ...channelsLast, ...linear }];
    }
    case 'scale_shift':
      return ['BatchNormalization', { axis: -1, epsilon: 0, center: true, scale: true }];
    case 'activation':
      if (layer.activation === 'leaky_relu') return ['LeakyReLU', { alpha: layer.slope }];
      return ['Activation', { activation: layer.activation }];
    case 'average_pool': {
      const window = [layer.size, layer.size];
      return ['AveragePooling2D', { pool_size: window, strides: window, padding: 'valid', ...channelsLast }];
    }
    case 'resize':
      return ['UpSampling2D', { size: [layer.factor, layer.factor], interpolation: 'nearest', ...channelsLast }];
    case 'reshape':
      return ['Reshape', { target_shape: layer.output }];
    default:
      return layer satisfies never;
  }
}

/** BatchNorm whose statistics change nothing. */
function normWeights(name: string, { scale, shift }: ScaleShiftLayer): LayerTensor[] {
  const shape = [scale.length];
  return [
    { name: `${name}/gamma`, shape, data: scale },
    { name: `${name}/beta`, shape, data: shift },
    { name: `${name}/moving_mean`, shape, data: new Float32Array(scale.length) },
    { name: `${name}/moving_variance`, shape, data: new Float32Array(scale.length).fill(1) },
  ];
}

/** Rows of two tables by label, `[N, C]` as `[N, 1, 1, C]` beside images: x times the one, plus the other. */
function classScaleShift(layer: ClassScaleShiftLayer, [before, labels]: readonly string[]): KerasLayer[] {
  const name = nameOf(layer);
  const channels = layer.scale.length / layer.classes;
  const beside = [...layer.output.slice(1).map(() => 1), channels];
  const row = (part: 'scale' | 'shift'): KerasLayer[] => {
    const [table, shaped] = [`${name}_${part}`, `${name}_${part}_row`];
    const data = layer[part];
    const weights = [{ name: `${table}/embeddings`, shape: [layer.classes, channels], data }];
    const config = { input_dim: layer.classes, output_dim: channels, mask_zero: false, input_length: 1 };
    return [
      { name: table, className: 'Embedding', config, from: [labels], weights },
      { name: shaped, className: 'Reshape', config: { target_shape: beside }, from: [table], weights: [] },
    ];
  };
  const merge = (own: string, className: string, from: readonly string[]): KerasLayer => {
    return { name: own, className, config: {}, from, weights: [] };
  };
  return [
    ...row('scale'),
    ...row('shift'),
    merge(`${name}_scaled`, 'Multiply', [before, `${name}_scale_row`]),
    merge(name, 'Add', [`${name}_scaled`, `${name}_shift_row`]),
  ];
}
