/** Puts launches in order and gives out values; where arena values lie is found when all launches are known. */
import type { BatchField, Task } from '@gradcast/task';
import { entryOf, sizeOf } from '@gradcast/tensors';
import type { Layout } from '@gradcast/tensors';
import { accessesOf } from './accesses.ts';
import { overlap, placeValues, roundUp } from './arena.ts';
import { productElements, productFlops } from './convolution.ts';
import type { Convolution, Way } from './convolution.ts';
import { columnNumbers } from './launch.ts';
import type { ColumnsEndLaunch, ColumnsLaunch, Launch, OutputShape, Pointwise, Ref } from './launch.ts';
import type { Counts, Lifetime, Plan, Value } from './plan.ts';
import { PlanError } from './plan-error.ts';
import { chooseProduct } from './tiles.ts';
import type { ChooseTile } from './tiles.ts';

export interface PlanOptions {
  /** Bytes that a buffer, and what a kernel sees of it, may have: what WebGPU guarantees unless said otherwise. */
  readonly largestBuffer?: number;
  readonly chooseTile?: ChooseTile;
}

const GUARANTEED_BUFFER = 128 * 2 ** 20;
/** Behind the tail of a result: flags. */
const FLAGS = 16;

type Source = Pick<Task, 'parameters' | 'fields'>;

export interface BuilderOptions extends PlanOptions {
  readonly name: string;
  readonly samples: number;
  readonly task: Source;
  /** What comes back behind the parameters' gradients. */
  readonly tail: Layout;
  /** Whether the gradients of parameters come back. */
  readonly hasGradient: boolean;
  /** Of BatchNorm, where they are given: a mean and an inverse deviation for each channel. */
  readonly statistics?: Layout;
  /** Whether what BatchNorm normalises with is the tail, by the names of the means, in place of means and variances. */
  readonly keepsMoments?: boolean;
}

type Draft = Omit<Value, 'offset' | 'arena'> & Partial<Pick<Value, 'offset'>>;

export class PlanBuilder {
  readonly samples: number;
  readonly #options: BuilderOptions;
  readonly #values: Draft[] = [];
  readonly #launches: Launch[] = [];
  readonly #fields = new Map<string, Ref>();
  readonly #parameters: Ref;
  readonly #result: Ref;
  readonly #statistics: Ref | undefined;
  readonly #tailAt: number;
  #batchBytes = 0;

  constructor(options: BuilderOptions) {
    const { task, tail, samples, hasGradient, statistics } = options;
    this.#options = options;
    this.samples = samples;
    this.#tailAt = hasGradient ? task.parameters.length : 0;
    this.#parameters = this.#own('parameters', 'parameters', task.parameters.length);
    this.#result = this.#own('result', 'result', this.#tailAt + tail.length + FLAGS);
    this.#statistics = statistics && this.#own('statistics', 'statistics', statistics.length);
    for (const field of task.fields) this.#addField(field);
  }

  parameter(name: string): Ref {
    return this.#at(this.#parameters, entryOf(this.#options.task.parameters, name).offset);
  }

  gradient(name: string): Ref {
    return this.#at(this.#result, entryOf(this.#options.task.parameters, name).offset);
  }

  tail(name: string): Ref {
    return this.#at(this.#result, this.#tailAt + entryOf(this.#options.tail, name).offset);
  }

  get keepsMoments(): boolean {
    return this.#options.keepsMoments ?? false;
  }

  /** `[2, channels]` of a BatchNorm layer, by the name of its mean. */
  given(mean: string): Ref | undefined {
    const { statistics } = this.#options;
    return this.#statistics && this.#at(this.#statistics, entryOf(statistics!, mean).offset);
  }

  flag(): Ref {
    return this.#at(this.#result, this.#tailAt + this.#options.tail.length);
  }

  field(name: string): Ref {
    const ref = this.#fields.get(name);
    if (!ref) throw new PlanError('plan-unsupported', `there is no field ${name}`);
    return ref;
  }

  /** A new value. */
  value(name: string, elements: number): Ref {
    this.#values.push({ name, elements, type: 'f32', home: 'arena' });
    return { value: this.#values.length - 1, at: 0 };
  }

  push(launch: Launch): void {
    this.#launches.push(launch);
  }

  /** One of a layer's products, with the launch that adds its parts if there are any. */
  product(call: {
    readonly name: string;
    readonly way: Way;
    readonly convolution: Convolution;
    readonly images: number;
    readonly left: Ref;
    readonly right: Ref;
    readonly shape: OutputShape;
    readonly steps: readonly Pointwise[];
    readonly out: Ref;
  }): void {
    const { kernel, parts } = chooseProduct(call, this.#options.chooseTile ?? (() => undefined));
    if (parts === 1) return this.push({ kind: 'product', ...call, kernel, parts });
    const elements = productElements(call.way, call.convolution, call.images);
    const input = this.value(`${call.name} in parts`, parts * elements);
    this.push({ kind: 'product', ...call, kernel, parts, steps: [], out: input });
    const { name, shape, steps, out } = call;
    this.push({ kind: 'sum-parts', name: `${name}, sum`, parts, input, shape, steps, out });
  }

  map(call: Omit<Extract<Launch, { kind: 'map' }>, 'kind'>): void {
    this.push({ kind: 'map', ...call });
  }

  /** Sums over rows, with the launch that ends them. */
  columns(
    call: Omit<ColumnsLaunch, 'kind' | 'parts' | 'out'>,
    end: Pick<ColumnsEndLaunch, 'out' | 'first' | 'second' | 'gamma' | 'epsilon'>,
  ): void {
    const { name, of, rows, channels, classes } = call;
    const parts = columnParts(rows, channels);
    const input = this.value(`${name} in parts`, parts * columnNumbers(call) * channels);
    this.push({ kind: 'columns', ...call, parts, out: input });
    let lanes = 1;
    while (lanes < 64 && lanes < parts) lanes *= 2;
    this.push({
      kind: 'columns-end',
      name: `${name}, sum`,
      of,
      rows,
      channels,
      parts,
      classes,
      lanes,
      input,
      ...end,
    });
  }

  /** @throws PlanError `plan-too-large`. */
  build(): Plan {
    const { name, samples, largestBuffer = GUARANTEED_BUFFER } = this.#options;
    const launches = this.#launches;
    const lifetimes = lifetimesOf(launches);
    const inArena = this.#values.flatMap((value, index) => (value.home === 'arena' ? [index] : []));
    const live = inArena.filter((index) => lifetimes.has(index));
    const { places, sizes: arenas } = placeValues(
      live.map((index) => ({
        name: this.#values[index].name,
        bytes: 4 * this.#values[index].elements,
        lifetime: lifetimes.get(index)!,
      })),
      largestBuffer,
    );
    const values = this.#values.map((value, index): Value => {
      const place = live.indexOf(index);
      return { offset: 0, arena: 0, ...value, ...(place < 0 ? {} : places[place]) };
    });
    const sizes = {
      parameters: 4 * values[this.#parameters.value].elements,
      batch: this.#batchBytes,
      statistics: this.#statistics ? 4 * values[this.#statistics.value].elements : 0,
      result: 4 * values[this.#result.value].elements,
    };
    for (const [home, bytes] of Object.entries(sizes)) {
      if (bytes <= largestBuffer) continue;
      throw new PlanError('plan-too-large', `${home} takes ${bytes} bytes, more than the ${largestBuffer} of a buffer`);
    }
    return { name, samples, values, launches, arenas, sizes };
  }

  #addField({ name, dtype, shape }: BatchField): void {
    const elements = this.samples * sizeOf(shape);
    const offset = this.#batchBytes;
    this.#values.push({ name: `field ${name}`, elements, type: dtype, home: 'batch', offset });
    this.#fields.set(name, { value: this.#values.length - 1, at: 0 });
    this.#batchBytes += roundUp(dtype === 'u8' ? elements : 4 * elements);
  }

  #own(name: string, home: 'parameters' | 'result' | 'statistics', elements: number): Ref {
    this.#values.push({ name, elements, type: 'f32', home, offset: 0 });
    return { value: this.#values.length - 1, at: 0 };
  }

  #at({ value }: Ref, at: number): Ref {
    return { value, at };
  }
}

/** An invocation adds at least this many rows, */
const LEAST_ROWS = 32;
/** and there are as many as hide the latency of memory. */
const ENOUGH_INVOCATIONS = 16_384;

function columnParts(rows: number, channels: number): number {
  const parts = Math.max(1, Math.min(Math.ceil(ENOUGH_INVOCATIONS / channels), Math.floor(rows / LEAST_ROWS)));
  // None is empty.
  return Math.ceil(rows / Math.ceil(rows / parts));
}

/** By value: from the first launch that touches it to the last. */
export function lifetimesOf(launches: readonly Launch[]): Map<number, Lifetime> {
  const lifetimes = new Map<number, Lifetime>();
  for (const [index, launch] of launches.entries()) {
    const { reads, writes } = accessesOf(launch);
    for (const { value } of [...reads, ...writes]) {
      lifetimes.set(value, { from: lifetimes.get(value)?.from ?? index, to: index });
    }
  }
  return lifetimes;
}

export function countsOf({ values, launches, arenas, sizes }: Plan): Counts {
  const bytesOf = (value: number, elements: number) => (values[value].type === 'u8' ? 1 : 4) * elements;
  let [flops, bytes] = [0, 0];
  for (const launch of launches) {
    if (launch.kind === 'product') flops += productFlops(launch.convolution, launch.images);
    const { reads, writes } = accessesOf(launch);
    for (const { value, elements } of [...reads, ...writes]) bytes += bytesOf(value, elements);
  }
  const inArena = values.filter(({ home }) => home === 'arena');
  return {
    launches: launches.length,
    flops,
    bytes,
    uploadedBytes: sizes.parameters + sizes.batch + sizes.statistics,
    resultBytes: sizes.result,
    arenaBytes: arenas.reduce((sum, size) => sum + size, 0),
    valueBytes: inArena.reduce((sum, { elements }) => sum + roundUp(4 * elements), 0),
  };
}

/** @throws Error naming the first thing that is wrong with a plan; a plan that a builder made has none. */
export function checkPlan({ values, launches }: Plan): void {
  const written = new Map<number, { from: number; to: number }[]>();
  for (const launch of launches) {
    const { reads, writes } = accessesOf(launch);
    for (const access of [...reads, ...writes]) {
      const { elements, home } = values[access.value];
      if (access.at < 0 || access.at + access.elements > elements) {
        throw new Error(`${launch.name} reaches beyond ${values[access.value].name}`);
      }
      if (writes.includes(access) && (home === 'parameters' || home === 'batch' || home === 'statistics')) {
        throw new Error(`${launch.name} writes to ${home}`);
      }
    }
    for (const { value, at, elements } of reads) {
      if (values[value].home !== 'arena' && values[value].home !== 'result') continue;
      if (!covered(written.get(value) ?? [], at, at + elements)) {
        throw new Error(`${launch.name} reads ${values[value].name} before it is written`);
      }
    }
    for (const { value, at, elements } of writes) {
      const before = written.get(value) ?? [];
      const again = before.some(({ from, to }) => from < at + elements && at < to);
      if (again) throw new Error(`${launch.name} writes a second time to ${values[value].name}`);
      if (reads.some((read) => read.value === value && read.at < at + elements && at < read.at + read.elements)) {
        throw new Error(`${launch.name} reads what it writes`);
      }
      written.set(value, [...before, { from: at, to: at + elements }]);
    }
  }
  const lifetimes = lifetimesOf(launches);
  const placed = [...lifetimes].filter(([value]) => values[value].home === 'arena');
  for (const [a, lifeOfA] of placed) {
    for (const [b, lifeOfB] of placed) {
      if (a >= b || !overlap(lifeOfA, lifeOfB) || values[a].arena !== values[b].arena) continue;
      const [first, second] = values[a].offset < values[b].offset ? [a, b] : [b, a];
      if (values[first].offset + 4 * values[first].elements > values[second].offset) {
        throw new Error(`${values[a].name} and ${values[b].name} lie in the same place`);
      }
    }
  }
}

function covered(ranges: readonly { from: number; to: number }[], from: number, to: number): boolean {
  let reached = from;
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    if (range.from <= reached) reached = Math.max(reached, range.to);
  }
  return reached >= to;
}

/** Shape of an output of so many samples. */
export function outputOf(samples: number, perSample: number, channels: number): OutputShape {
  return { samples, perSample, channels };
}
