/** Passes through a network, forward and backward, as launches. */
import type { ActivationUse, NetworkOptions } from '@gradcast/network';
import { blocksOf } from './blocks.ts';
import type { Block, Main } from './blocks.ts';
import { outputOf } from './builder.ts';
import type { PlanBuilder } from './builder.ts';
import { sideElements } from './convolution.ts';
import type { Pointwise, Ref } from './launch.ts';
import { PlanError } from './plan-error.ts';

export interface ForwardCall {
  readonly input: Ref;
  readonly samples: number;
  /** Numbers, `[samples]`. */
  readonly labels?: Ref | undefined;
  /** Where the output is wanted; a value of its own otherwise. */
  readonly target?: Ref | undefined;
}

/** What a forward pass leaves. */
export interface PassTrace extends ForwardCall {
  readonly output: Ref;
  /** Each block's input and output, the moments of its batch, and the filter that it was computed with. */
  readonly blocks: readonly BlockTrace[];
}

interface BlockTrace {
  readonly x: Ref;
  readonly y: Ref;
  readonly moments?: Ref | undefined;
  readonly filter?: Ref | undefined;
}

export interface BackwardCall {
  /** Gradient by the output. */
  readonly seed: Ref;
  /** Whether it has already met the gradient of the activation at the end, if there is one. */
  readonly pastActivation: boolean;
  readonly parameters: boolean;
  /** The first sample whose gradient by the input is wanted; undefined for none. */
  readonly inputFrom: number | undefined;
  /** What follows for the gradient by the input. */
  readonly after: readonly Pointwise[];
}

type MainOf<K extends Main['kind']> = Extract<Main, { kind: K }>;

export class NetworkPasses {
  readonly #builder: PlanBuilder;
  readonly name: string;
  readonly blocks: readonly Block[];
  readonly outputSize: number;

  constructor(builder: PlanBuilder, options: NetworkOptions) {
    this.#builder = builder;
    this.name = options.name;
    this.blocks = blocksOf(options);
    const last = this.blocks.at(-1);
    if (!last) throw new PlanError('plan-unsupported', `the ${options.name} has no layer that computes`);
    this.outputSize = last.outputSize;
  }

  /** The activation behind the last layer. */
  get activation(): ActivationUse | undefined {
    return this.blocks.at(-1)?.activation;
  }

  forward(call: ForwardCall): PassTrace {
    const { input, samples, target } = call;
    const traces: BlockTrace[] = [];
    let x = input;
    for (const [index, block] of this.blocks.entries()) {
      const isLast = index === this.blocks.length - 1;
      const elements = samples * block.outputSize;
      const y = (isLast ? target : undefined) ?? this.#builder.value(block.name, elements);
      const trace = this.#forwardBlock(block, { x, y, call });
      traces.push({ ...trace, x, y });
      x = y;
    }
    return { ...call, output: x, blocks: traces };
  }

  /** @returns the gradient by the input, if it is wanted. */
  backward(trace: PassTrace, call: BackwardCall): Ref | undefined {
    const { blocks } = this;
    const wantsInput = call.inputFrom !== undefined;
    const last = wantsInput ? 0 : blocks.findIndex(({ main }) => hasParameters(main));
    let flowing = call.seed;
    let past = call.pastActivation;
    for (let index = blocks.length - 1; index >= last && last >= 0; index--) {
      const block = blocks[index];
      const own = trace.blocks[index];
      if (block.activation && !past) flowing = this.#throughActivation(block, { trace, dy: flowing, y: own.y });
      past = true;
      const wantsDx = index > last || wantsInput;
      const below = index > 0 ? blocks[index - 1].activation : undefined;
      const steps: readonly Pointwise[] =
        index > 0 && below
          ? [{ step: 'activation-gradient', ...below, y: trace.blocks[index - 1].y }]
          : index > 0
            ? []
            : call.after;
      const from = index > 0 ? 0 : (call.inputFrom ?? 0);
      const dx = this.#backwardBlock(block, {
        trace,
        own,
        dy: flowing,
        parameters: call.parameters,
        wantsDx,
        steps,
        from,
      });
      if (!dx) break;
      flowing = dx;
    }
    return wantsInput ? flowing : undefined;
  }

  #throughActivation(
    { name, activation, outputSize, channels }: Block,
    at: { trace: PassTrace; dy: Ref; y: Ref },
  ): Ref {
    const { samples } = at.trace;
    const out = this.#builder.value(`d ${name}`, samples * outputSize);
    this.#builder.map({
      name: `${name}, gradient of the activation`,
      source: { kind: 'value', input: at.dy },
      shape: outputOf(samples, outputSize, channels),
      steps: [{ step: 'activation-gradient', ...activation!, y: at.y }],
      out,
    });
    return out;
  }

  #forwardBlock(
    block: Block,
    { x, y, call }: { x: Ref; y: Ref; call: ForwardCall },
  ): Pick<BlockTrace, 'moments' | 'filter'> {
    const { name, main, activation, outputSize, channels } = block;
    const { samples } = call;
    const shape = outputOf(samples, outputSize, channels);
    const activate: Pointwise[] = activation ? [{ step: 'activate', ...activation }] : [];
    switch (main.kind) {
      case 'product': {
        const filter = this.#filterOf(name, main);
        const bias: Pointwise[] = main.bias ? [{ step: 'bias', bias: this.#builder.parameter(main.bias) }] : [];
        this.#builder.product({
          name,
          way: main.transposed ? 'by-input' : 'forward',
          convolution: main.convolution,
          images: samples,
          left: x,
          right: filter,
          // The channels that a bias is for: a reshape may stand between the layer and its activation.
          shape: { ...shape, channels: main.transposed ? main.convolution.channels : main.convolution.filters },
          steps: [...bias, ...activate],
          out: y,
        });
        return { filter };
      }
      case 'norm': {
        const moments = this.#momentsOf(block, main, { x, samples });
        const labels = main.isTold ? { labels: this.#labels(name, call) } : {};
        this.#builder.map({
          name,
          source: { kind: 'value', input: x },
          shape,
          steps: [
            {
              step: 'normalize',
              moments,
              gamma: this.#builder.parameter(main.gamma),
              beta: this.#builder.parameter(main.beta),
              classes: main.classes,
              ...labels,
            },
            ...activate,
          ],
          out: y,
        });
        return { moments };
      }
      case 'projection':
        if (activation) throw new PlanError('plan-unsupported', `${name} is followed by an activation`);
        this.#builder.push({
          kind: 'projection',
          name,
          samples,
          features: block.inputSize,
          classes: main.classes,
          x,
          kernel: this.#builder.parameter(main.kernel),
          embedding: this.#builder.parameter(main.embedding),
          bias: this.#builder.parameter(main.bias),
          labels: this.#labels(name, call),
          out: y,
        });
        return {};
      case 'pool':
      case 'resize': {
        const source = { kind: main.kind, input: x, large: main.large, size: main.size };
        this.#builder.map({ name, source, shape, steps: activate, out: y });
        return {};
      }
      case 'none':
        this.#builder.map({ name, source: { kind: 'value', input: x }, shape, steps: activate, out: y });
        return {};
      default:
        return main satisfies never;
    }
  }

  #labels(name: string, { labels }: ForwardCall): Ref {
    if (labels) return labels;
    throw new PlanError('plan-unsupported', `${name} needs labels`);
  }

  #filterOf(name: string, { filter, taps, convolution }: MainOf<'product'>): Ref {
    const own = this.#builder.parameter(filter);
    if (!taps) return own;
    const elements = sideElements('filter', convolution, 1);
    const out = this.#builder.value(`${name}, filter`, elements);
    const shape = outputOf(1, elements, taps.inputs);
    this.#builder.map({
      name: `${name}, filter`,
      source: { kind: 'spread-taps', input: own, taps },
      shape,
      steps: [],
      out,
    });
    return out;
  }

  #momentsOf(block: Block, main: MainOf<'norm'>, { x, samples }: { x: Ref; samples: number }): Ref {
    const given = this.#builder.given(main.mean);
    if (given) return given;
    const { name, channels, outputSize } = block;
    const rowsPerSample = outputSize / channels;
    const { keepsMoments } = this.#builder;
    const moments = keepsMoments
      ? this.#builder.tail(main.mean)
      : this.#builder.value(`${name}, moments`, 2 * channels);
    this.#builder.columns(
      {
        name: `${name}, moments`,
        of: 'moments',
        rows: samples * rowsPerSample,
        channels,
        input: x,
        classes: 1,
        rowsPerSample,
      },
      {
        out: moments,
        ...(!keepsMoments && { first: this.#builder.tail(main.mean), second: this.#builder.tail(main.variance) }),
        epsilon: main.epsilon,
      },
    );
    return moments;
  }

  #backwardBlock(
    block: Block,
    at: {
      trace: PassTrace;
      own: BlockTrace;
      /** By the output before the activation. */
      dy: Ref;
      parameters: boolean;
      wantsDx: boolean;
      steps: readonly Pointwise[];
      from: number;
    },
  ): Ref | undefined {
    const { name, main, inputSize, outputSize } = block;
    const { trace, own, dy, parameters, wantsDx, steps, from } = at;
    const builder = this.#builder;
    const samples = trace.samples - from;
    const rowsOfDy: Ref = { value: dy.value, at: dy.at + from * outputSize };
    const newDx = () => builder.value(`d ${name}, by input`, samples * inputSize);
    switch (main.kind) {
      case 'product': {
        if (parameters) this.#productGradients(block, main, { x: own.x, dy, samples: trace.samples });
        if (!wantsDx) return undefined;
        const { convolution, transposed } = main;
        const out = newDx();
        builder.product({
          name: `${name}, by input`,
          way: transposed ? 'forward' : 'by-input',
          convolution,
          images: samples,
          left: rowsOfDy,
          right: own.filter!,
          shape: outputOf(samples, inputSize, transposed ? convolution.filters : convolution.channels),
          steps,
          out,
        });
        return out;
      }
      case 'norm':
        if (from > 0) throw new PlanError('plan-unsupported', `${name} normalises what is wanted in part`);
        return this.#normGradients(block, main, at);
      case 'projection': {
        const labels = this.#labels(name, trace);
        if (parameters) this.#projectionGradients(block, main, { x: own.x, dy, samples: trace.samples, labels });
        if (!wantsDx) return undefined;
        const out = newDx();
        builder.map({
          name: `${name}, by input`,
          source: {
            kind: 'projection-gradient',
            dy: rowsOfDy,
            kernel: builder.parameter(main.kernel),
            embedding: builder.parameter(main.embedding),
            labels: { value: labels.value, at: labels.at + from },
            features: inputSize,
            classes: main.classes,
          },
          shape: outputOf(samples, inputSize, inputSize),
          steps,
          out,
        });
        return out;
      }
      case 'pool':
      case 'resize': {
        if (!wantsDx) return undefined;
        const out = newDx();
        const kind = main.kind === 'pool' ? 'pool-gradient' : 'resize-gradient';
        // A resize's gradient is wanted at the small side, whose channels are the large side's.
        builder.map({
          name: `${name}, by input`,
          source: { kind, input: rowsOfDy, large: main.large, size: main.size },
          shape: outputOf(samples, inputSize, main.large[2]),
          steps,
          out,
        });
        return out;
      }
      case 'none': {
        if (!wantsDx) return undefined;
        if (steps.length === 0) return rowsOfDy;
        const out = newDx();
        const source = { kind: 'value', input: rowsOfDy } as const;
        builder.map({ name: `${name}, by input`, source, shape: outputOf(samples, inputSize, 1), steps, out });
        return out;
      }
      default:
        return main satisfies never;
    }
  }

  #productGradients(
    { name }: Block,
    { convolution, transposed, filter, bias, taps }: MainOf<'product'>,
    { x, dy, samples }: { x: Ref; dy: Ref; samples: number },
  ): void {
    const builder = this.#builder;
    const elements = sideElements('filter', convolution, samples);
    const out = taps ? builder.value(`d ${name}, filter`, elements) : builder.gradient(filter);
    builder.product({
      name: `${name}, by filter`,
      way: 'by-filter',
      convolution,
      images: samples,
      left: transposed ? dy : x,
      right: transposed ? x : dy,
      shape: outputOf(1, elements, convolution.filters),
      steps: [],
      out,
    });
    if (taps) {
      const shape = outputOf(1, taps.kernel * taps.kernel * taps.inputs * taps.outputs, taps.outputs);
      builder.map({
        name: `${name}, by its own filter`,
        source: { kind: 'gather-taps', input: out, taps },
        shape,
        steps: [],
        out: builder.gradient(filter),
      });
    }
    if (!bias) return;
    const channels = transposed ? convolution.channels : convolution.filters;
    const [height, width] = transposed ? convolution.large : convolution.small;
    builder.columns(
      {
        name: `${name}, by bias`,
        of: 'sum',
        rows: samples * height * width,
        channels,
        input: dy,
        classes: 1,
        rowsPerSample: height * width,
      },
      { out: builder.gradient(bias), epsilon: 0 },
    );
  }

  #normGradients(
    { name, channels, outputSize }: Block,
    { gamma, beta, classes, isTold }: MainOf<'norm'>,
    {
      trace,
      own,
      dy,
      parameters,
      wantsDx,
      steps,
    }: {
      trace: PassTrace;
      own: BlockTrace;
      dy: Ref;
      parameters: boolean;
      wantsDx: boolean;
      steps: readonly Pointwise[];
    },
  ): Ref | undefined {
    const builder = this.#builder;
    const { samples } = trace;
    const rowsPerSample = outputSize / channels;
    const moments = own.moments!;
    const labels = isTold ? { labels: this.#labels(name, trace) } : {};
    const scale = builder.parameter(gamma);
    const sums = wantsDx ? builder.value(`${name}, sums`, 2 * channels) : undefined;
    builder.columns(
      {
        name: `${name}, gradient`,
        of: 'norm-gradient',
        rows: samples * rowsPerSample,
        channels,
        input: dy,
        x: own.x,
        moments,
        classes,
        rowsPerSample,
        ...labels,
      },
      {
        ...(sums && { out: sums, gamma: scale }),
        ...(parameters && { first: builder.gradient(beta), second: builder.gradient(gamma) }),
        epsilon: 0,
      },
    );
    if (!sums) return undefined;
    const out = builder.value(`d ${name}, by input`, samples * outputSize);
    builder.map({
      name: `${name}, by input`,
      source: { kind: 'value', input: dy },
      shape: outputOf(samples, outputSize, channels),
      steps: [
        { step: 'scale-channels', gamma: scale, classes, ...labels },
        { step: 'norm-gradient', x: own.x, moments, sums, count: samples * rowsPerSample },
        ...steps,
      ],
      out,
    });
    return out;
  }

  #projectionGradients(
    { name, inputSize }: Block,
    { kernel, embedding, bias, classes }: MainOf<'projection'>,
    { x, dy, samples, labels }: { x: Ref; dy: Ref; samples: number; labels: Ref },
  ): void {
    const builder = this.#builder;
    const weighted = {
      of: 'sum',
      rows: samples,
      channels: inputSize,
      input: x,
      weights: dy,
      rowsPerSample: 1,
    } as const;
    builder.columns(
      { ...weighted, name: `${name}, by kernel`, classes: 1 },
      { out: builder.gradient(kernel), epsilon: 0 },
    );
    builder.columns(
      { ...weighted, name: `${name}, by embedding`, classes, labels },
      { out: builder.gradient(embedding), epsilon: 0 },
    );
    builder.columns(
      { name: `${name}, by bias`, of: 'sum', rows: samples, channels: 1, input: dy, classes: 1, rowsPerSample: 1 },
      { out: builder.gradient(bias), epsilon: 0 },
    );
  }
}

function hasParameters({ kind }: Main): boolean {
  return kind === 'product' || kind === 'norm' || kind === 'projection';
}
