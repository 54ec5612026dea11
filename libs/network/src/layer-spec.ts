/** Networks as data. Layers without parameters carry no name; the others are named by kind and count. */

export type Activation = 'tanh' | 'sigmoid' | 'relu' | 'leaky_relu';

/** One layer of a network; shapes follow from the input. Padding is TensorFlow's `same` or `valid`. */
export type LayerSpec =
  | { readonly kind: 'dense'; readonly units: number; readonly bias: boolean }
  | ({ readonly kind: 'conv' | 'conv_transpose' } & ConvolutionSpec)
  | { readonly kind: 'batch_norm' }
  | { readonly kind: 'class_batch_norm' | 'projection'; readonly classes: number }
  | { readonly kind: 'activation'; readonly activation: Activation; readonly slope?: number }
  | { readonly kind: 'average_pool'; readonly size: number }
  | { readonly kind: 'resize'; readonly factor: number }
  | ({ readonly kind: 'resize_conv'; readonly factor: number } & Pick<ConvolutionSpec, 'filters' | 'kernel' | 'bias'>)
  | { readonly kind: 'reshape'; readonly shape: readonly number[] };

export interface ConvolutionSpec {
  readonly filters: number;
  /** Side of the square kernel. */
  readonly kernel: number;
  readonly stride: number;
  readonly padding: 'same' | 'valid';
  readonly bias: boolean;
}

/** Kernels and embeddings; biases start at 0, gamma at 1, beta at 0. */
export type Initializer = { readonly kind: 'glorot_uniform' } | { readonly kind: 'normal'; readonly deviation: number };

/** Settings of a convolution that have a default. */
export type ConvolutionSettings = Partial<Pick<ConvolutionSpec, 'stride' | 'padding' | 'bias'>>;

/** BatchNorm statistics over fewer samples are too noisy to train with. */
export const BATCH_NORM_MINIMUM = 16;

/** Writes layers down: `same` padding, stride 1 and a bias unless said otherwise. */
export const layers = {
  dense: (units: number, { bias = true }: { bias?: boolean } = {}): LayerSpec => ({ kind: 'dense', units, bias }),
  conv: (filters: number, kernel: number, settings?: ConvolutionSettings) =>
    convolution('conv', { filters, kernel, settings }),
  /** Its filter is that of the convolution whose input gradient it is, as in Keras. */
  convTranspose: (filters: number, kernel: number, settings?: ConvolutionSettings) =>
    convolution('conv_transpose', { filters, kernel, settings }),
  batchNorm: (): LayerSpec => ({ kind: 'batch_norm' }),
  /** BatchNorm with a scale and a shift for each class. */
  classBatchNorm: (classes: number): LayerSpec => ({ kind: 'class_batch_norm', classes }),
  /** One unit: `dense(1)` and the product with an embedding of the label, as a discriminator ends that is told the class. */
  projection: (classes: number): LayerSpec => ({ kind: 'projection', classes }),
  averagePool: (size: number): LayerSpec => ({ kind: 'average_pool', size }),
  /** Nearest neighbour: each pixel becomes `factor` x `factor` equal ones. */
  resize: (factor: number): LayerSpec => ({ kind: 'resize', factor }),
  /** `resize` by a factor and a `same` convolution with an odd kernel as one layer, at 4/9 of the work for 2 and 3. */
  resizeConv: (
    filters: number,
    kernel: number,
    { factor = 2, bias = true }: { factor?: number; bias?: boolean } = {},
  ): LayerSpec => ({ kind: 'resize_conv', filters, kernel, factor, bias }),
  reshape: (shape: readonly number[]): LayerSpec => ({ kind: 'reshape', shape }),
  tanh: (): LayerSpec => ({ kind: 'activation', activation: 'tanh' }),
  sigmoid: (): LayerSpec => ({ kind: 'activation', activation: 'sigmoid' }),
  relu: (): LayerSpec => ({ kind: 'activation', activation: 'relu' }),
  leakyRelu: (slope: number): LayerSpec => ({ kind: 'activation', activation: 'leaky_relu', slope }),
} as const;

function convolution(
  kind: 'conv' | 'conv_transpose',
  { filters, kernel, settings }: { filters: number; kernel: number; settings: ConvolutionSettings | undefined },
): LayerSpec {
  const { stride = 1, padding = 'same', bias = true } = settings ?? {};
  return { kind, filters, kernel, stride, padding, bias };
}
