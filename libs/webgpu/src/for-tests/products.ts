/** Plans of one product alone, whose operands are fields and whose output comes back, and their comparison with the interpreter. */
import { interpret, productElements, productSize, sideElements } from '@gradcast/plan';
import type { Convolution, Plan, ProductKernel, Way } from '@gradcast/plan';
import { expect } from 'vitest';
import type { DeviceContext } from '../context.ts';
import { DevicePlan } from '../device-plan.ts';
import { apart, norm } from './against-interpreter.ts';

/** Which sides of a convolution a product reads. */
const OPERANDS = {
  forward: ['large', 'filter'],
  'by-input': ['small', 'filter'],
  'by-filter': ['large', 'small'],
} as const satisfies Readonly<Record<Way, readonly Parameters<typeof sideElements>[0][]>>;

const CHANNELS = { forward: 'filters', 'by-input': 'channels', 'by-filter': 'filters' } as const;

interface ProductCase {
  readonly way: Way;
  readonly convolution: Convolution;
  readonly images: number;
}

/** Bytes from one operand to the next: a multiple of what bindings begin at. */
const place = (elements: number) => 256 * Math.ceil((4 * elements) / 256);

/** With several parts a second launch adds them. */
function productPlan({ way, convolution, images }: ProductCase, kernel: ProductKernel, parts: number): Plan {
  const [left, right] = OPERANDS[way].map((side) => sideElements(side, convolution, images));
  const elements = productElements(way, convolution, images);
  const channels = convolution[CHANNELS[way]];
  const shape = { samples: 1, perSample: elements, channels };
  const out = { value: 2, at: 0 };
  const cut = { value: 3, at: 0 };
  const product = { kind: 'product', name: way, way, convolution, images, kernel, parts, shape, steps: [] } as const;
  const operands = { left: { value: 0, at: 0 }, right: { value: 1, at: 0 } };
  const field = { type: 'f32', home: 'batch', arena: 0 } as const;
  return {
    name: way,
    samples: images,
    values: [
      { ...field, name: 'field left', elements: left, offset: 0 },
      { ...field, name: 'field right', elements: right, offset: place(left) },
      { name: 'result', elements, type: 'f32', home: 'result', arena: 0, offset: 0 },
      { name: 'parts', elements: parts * elements, type: 'f32', home: 'arena', arena: 0, offset: 0 },
    ],
    launches: [
      { ...product, ...operands, out: parts > 1 ? cut : out },
      ...(parts > 1 ? [{ kind: 'sum-parts', name: 'sum', parts, input: cut, shape, steps: [], out } as const] : []),
    ],
    arenas: parts > 1 ? [4 * parts * elements] : [],
    sizes: { parameters: 4, batch: place(left) + place(right), statistics: 0, result: 4 * elements },
  };
}

const window = { kernel: 3, stride: 1, before: [1, 1] } as const;
/** Shapes that fill no tile. */
export const convolutions = {
  'one channel, k5 s2': {
    ...window,
    large: [9, 7],
    small: [5, 4],
    channels: 1,
    filters: 5,
    kernel: 5,
    stride: 2,
    before: [2, 2],
  },
  'to one filter, k4 s2': { ...window, large: [8, 6], small: [4, 3], channels: 7, filters: 1, kernel: 4, stride: 2 },
  'odd channels, k3': { ...window, large: [5, 7], small: [5, 7], channels: 13, filters: 19 },
  'many filters, valid': { ...window, large: [5, 5], small: [3, 3], channels: 6, filters: 66, before: [0, 0] },
  dense: { large: [1, 1], small: [1, 1], channels: 37, filters: 130, kernel: 1, stride: 1, before: [0, 0] },
} as const satisfies Readonly<Record<string, Convolution>>;

export type ConvolutionName = keyof typeof convolutions;

const WAYS = ['forward', 'by-input', 'by-filter'] as const satisfies readonly Way[];
/** With so many terms a sum is cut into three parts as well, the last of them shorter. */
const LONG = 100;
const LIMIT = 1e-5;

/** All three products of a convolution, and those in parts where sums are long. */
export function productPlans(
  name: ConvolutionName,
  { kernel, images }: { readonly kernel: ProductKernel; readonly images: number },
): Plan[] {
  const convolution = convolutions[name];
  return WAYS.flatMap((way) => {
    const { depth, phases } = productSize(way, convolution, images);
    const inParts = kernel.kind === 'tiled' && phases === 1 && depth > LONG;
    return (inParts ? [1, 3] : [1]).map((parts) => productPlan({ way, convolution, images }, kernel, parts));
  });
}

/** Those of the ordinary tests. */
export function shortProducts(): Plan[] {
  const kernels = [{ kind: 'tiled', tile: '32x32' } as const, { kind: 'dot', lanes: 4 } as const];
  return kernels.flatMap((kernel) =>
    (['dense', 'one channel, k5 s2'] as const).flatMap((name) => productPlans(name, { kernel, images: 7 })),
  );
}

/** Numbers between -1 and 1. */
const numbers = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + seed)));

/** On the device as in the interpreter, and twice the same bits. */
export async function compareProducts(context: DeviceContext, plans: readonly Plan[]): Promise<void> {
  const parameters = context.device.createBuffer({ size: 4, usage: 0x88 });
  for (const plan of plans) {
    const [left, right] = plan.values;
    const fields = { left: numbers(left.elements, 1), right: numbers(right.elements, 2) };
    const made = await DevicePlan.create(context, plan, parameters);
    const actual = await made.run({ fields });
    const again = await made.run({ fields });
    made.dispose();
    const expected = interpret(plan, { fields });
    const label = `${plan.name}, ${plan.samples} images, ${plan.launches.length} launches`;
    expect(actual, label).toHaveLength(expected.length);
    expect(apart(actual, expected) / norm(expected), label).toBeLessThan(LIMIT);
    expect(again, label).toEqual(actual);
  }
  parameters.destroy();
}
