/** What a launch reads and writes: all that lifetimes, checks and byte counts need to know of it. */
import { productElements, sideElements } from './convolution.ts';
import { columnNumbers } from './launch.ts';
import type { Launch, MapSource, OutputShape, Pointwise, ProductLaunch, Ref } from './launch.ts';

export interface Access extends Ref {
  readonly elements: number;
}

export interface Accesses {
  readonly reads: readonly Access[];
  readonly writes: readonly Access[];
}

export function outputElements({ samples, perSample }: OutputShape): number {
  return samples * perSample;
}

export function accessesOf(launch: Launch): Accesses {
  switch (launch.kind) {
    case 'product': {
      const { way, convolution, images, parts, steps, out } = launch;
      const elements = productElements(way, convolution, images);
      return {
        reads: [...productReads(launch), ...stepReads(steps, launch.shape)],
        writes: [of(out, parts * elements)],
      };
    }
    case 'sum-parts': {
      const elements = outputElements(launch.shape);
      return {
        reads: [of(launch.input, launch.parts * elements), ...stepReads(launch.steps, launch.shape)],
        writes: [of(launch.out, elements)],
      };
    }
    case 'map':
      return {
        reads: [...sourceReads(launch.source, launch.shape), ...stepReads(launch.steps, launch.shape)],
        writes: [of(launch.out, outputElements(launch.shape))],
      };
    case 'columns': {
      const { rows, channels, rowsPerSample, parts, input, x, moments, weights, labels, out } = launch;
      const samples = rows / rowsPerSample;
      return {
        reads: [
          of(input, rows * channels),
          ...maybe(x, rows * channels),
          ...maybe(moments, 2 * channels),
          ...maybe(weights, samples),
          ...maybe(labels, samples),
        ],
        writes: [of(out, parts * columnNumbers(launch) * channels)],
      };
    }
    case 'columns-end': {
      const { parts, channels, classes, input, out, first, second, gamma } = launch;
      const each = launch.of === 'moments' ? channels : classes * channels;
      return {
        reads: [of(input, parts * columnNumbers(launch) * channels), ...maybe(gamma, classes * channels)],
        writes: [
          ...maybe(out, launch.of === 'sum' ? classes * channels : 2 * channels),
          ...maybe(first, each),
          ...maybe(second, each),
        ],
      };
    }
    case 'projection': {
      const { samples, features, classes, x, kernel, embedding, bias, labels, out } = launch;
      return {
        reads: [
          of(x, samples * features),
          of(kernel, features),
          of(embedding, classes * features),
          of(bias, 1),
          of(labels, samples),
        ],
        writes: [of(out, samples)],
      };
    }
    case 'gan-loss': {
      const { logits, discriminator, generator, ratio, scalars, samples, disturbed, loss } = launch;
      const elements = 2 * (samples + disturbed) * (loss === 'softmax' ? 2 : 1);
      return {
        reads: [of(logits, elements)],
        writes: [
          of(discriminator, elements),
          ...maybe(generator, elements),
          ...maybe(ratio, samples),
          ...Object.values(scalars).map((to) => of(to, 1)),
        ],
      };
    }
    case 'softmax-loss': {
      const { samples, classes, scores, labels, seed, scalars } = launch;
      return {
        reads: [of(scores, samples * classes), of(labels, samples)],
        writes: [of(seed, samples * classes), ...Object.values(scalars).map((to) => of(to, 1))],
      };
    }
    case 'norms':
      return { reads: [of(launch.input, launch.rows * launch.size)], writes: [of(launch.out, launch.rows)] };
    case 'constants':
      return { reads: [], writes: launch.numbers.map(({ to }) => of(to, 1)) };
    default:
      return launch satisfies never;
  }
}

function productReads({ way, convolution: c, images, left, right }: ProductLaunch): Access[] {
  switch (way) {
    case 'forward':
      return [of(left, sideElements('large', c, images)), of(right, sideElements('filter', c, images))];
    case 'by-input':
      return [of(left, sideElements('small', c, images)), of(right, sideElements('filter', c, images))];
    case 'by-filter':
      return [of(left, sideElements('large', c, images)), of(right, sideElements('small', c, images))];
    default:
      return way satisfies never;
  }
}

function stepReads(steps: readonly Pointwise[], shape: OutputShape): Access[] {
  const { samples, channels } = shape;
  const elements = outputElements(shape);
  return steps.flatMap((step): Access[] => {
    switch (step.step) {
      case 'bias':
        return [of(step.bias, channels)];
      case 'activate':
        return [];
      case 'activation-gradient':
        return [of(step.y, elements)];
      case 'normalize':
        return [
          of(step.moments, 2 * channels),
          of(step.gamma, step.classes * channels),
          of(step.beta, step.classes * channels),
          ...maybe(step.labels, samples),
        ];
      case 'scale-channels':
        return [of(step.gamma, step.classes * channels), ...maybe(step.labels, samples)];
      case 'norm-gradient':
        return [of(step.x, elements), of(step.moments, 2 * channels), of(step.sums, 2 * channels)];
      case 'scale-samples':
        return [of(step.by, samples)];
      case 'add':
        return [of(step.other, elements)];
      default:
        return step satisfies never;
    }
  });
}

function sourceReads(source: MapSource, shape: OutputShape): Access[] {
  const elements = outputElements(shape);
  switch (source.kind) {
    case 'value':
      return [of(source.input, elements)];
    case 'pixels':
      return [of(source.bytes, elements)];
    case 'labels':
      return [of(source.bytes, Math.max(...source.segments))];
    case 'pool':
    case 'resize-gradient':
      return [of(source.input, shape.samples * source.large[0] * source.large[1] * source.large[2])];
    case 'pool-gradient':
    case 'resize': {
      const [height, width, channels] = source.large;
      const small = Math.floor(height / source.size) * Math.floor(width / source.size) * channels;
      return [of(source.input, shape.samples * small)];
    }
    case 'spread-taps':
    case 'gather-taps': {
      const { kernel, factor, inputs, outputs } = source.taps;
      const side = source.kind === 'spread-taps' ? kernel : kernel + factor - 1;
      return [of(source.input, side * side * inputs * outputs)];
    }
    case 'projection-gradient':
      return [
        of(source.dy, shape.samples),
        of(source.kernel, source.features),
        of(source.embedding, source.classes * source.features),
        of(source.labels, shape.samples),
      ];
    default:
      return source satisfies never;
  }
}

function of({ value, at }: Ref, elements: number): Access {
  return { value, at, elements };
}

function maybe(ref: Ref | undefined, elements: number): Access[] {
  return ref ? [of(ref, elements)] : [];
}
