/**
 * The vector kernels in WebAssembly SIMD, bit-equal to the reference: float32 add, sub, mul, div and sqrt are exact in
 * WebAssembly, denormals included, and every sum keeps the reference's lanes.
 */
import { fillNormal } from '@gradcast/random';
import type { StreamPosition } from '@gradcast/random';
import { packedElements, requireNoLonger, requirePacked, requireRange, requireSameLength } from './checks.ts';
import { digestLanes, LANE_SEEDS, LANES } from './fingerprint.ts';
import type {
  AdamScalars,
  Fingerprint,
  Measure,
  Moments,
  PackedFormat,
  PackedRun,
  Range,
  Rounding,
  SgdScalars,
  VectorKernels,
} from './kernels.ts';
import { BLOCK_ELEMENTS, LinearMemory, SCRATCH_ADDRESS } from './linear-memory.ts';
import { sumOfLanes } from './measure.ts';
import { HALVED_EXPONENTS, lowerExponents } from './packing-reference.ts';
import { referenceKernels } from './reference.ts';
import { SIMD_BINARY } from './simd-binary.ts';
import { packedOperands, read, replaced, runBlocks, runStaged, wholeGroups, write } from './staging.ts';

/** What `assembly/` exports; addresses and lengths in bytes. */
interface Exports {
  add(target: number, source: number, bytes: number): void;
  scale(target: number, bytes: number, factor: number): void;
  measure(source: number, bytes: number, lanes: number): void;
  scaleMeasured(target: number, bytes: number, factor: number, lanes: number): void;
  adam(
    parameters: number,
    first: number,
    second: number,
    gradient: number,
    bytes: number,
    alpha: number,
    rate1: number,
    rate2: number,
    epsilon: number,
    decay: number,
  ): void;
  sgd(parameters: number, gradient: number, bytes: number, rate: number, decay: number): void;
  sgdMomentum(
    parameters: number,
    velocity: number,
    gradient: number,
    bytes: number,
    rate: number,
    momentum: number,
    decay: number,
  ): void;
  ema(average: number, parameters: number, bytes: number, rate: number): void;
  fingerprint(source: number, bytes: number, lanes: number): void;
  normal(
    target: number,
    blocks: number,
    key0: number,
    key1: number,
    blockLow: number,
    blockHigh: number,
    stream: number,
    index: number,
  ): void;
  pack(
    format: number,
    source: number,
    bytes: number,
    exponents: number,
    values: number,
    first: number,
    key0: number,
    key1: number,
  ): void;
  unpack(format: number, exponents: number, values: number, target: number, bytes: number): void;
  addPacked(
    format: number,
    targetExponents: number,
    targetValues: number,
    sourceExponents: number,
    sourceValues: number,
    bytes: number,
    scratch: number,
    first: number,
    key0: number,
    key1: number,
  ): void;
  isCanonical(format: number, exponents: number, values: number, bytes: number, least: number): number;
  measurePacked(format: number, exponents: number, values: number, bytes: number, scratch: number, lanes: number): void;
}

export interface KernelOptions {
  /**
   * Lengths, in elements, of the vectors that `allocate` may hand out at the same time, so that they can lie where the
   * kernels need no copy. None by default.
   */
  readonly reserve?: readonly number[];
}

const LANES_ADDRESS = 0;
const TWO_32 = 2 ** 32;
/** What `assembly/packing.ts` calls the formats. */
const FORMATS = { bf16: 0, f16: 1, int8: 2 } satisfies Record<PackedFormat, number>;

function binary(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(SIMD_BINARY), (character) => character.charCodeAt(0));
}

/** Whether this engine has WebAssembly with SIMD. */
export function simdSupported(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(binary());
}

/**
 * The kernels in WebAssembly SIMD, over a linear memory of their own.
 *
 * @throws WebAssembly.CompileError where the engine has no SIMD; RangeError if the memory cannot be reserved.
 */
export function simdKernels({ reserve = [] }: KernelOptions = {}): VectorKernels {
  return new SimdKernels(reserve);
}

/**
 * The fastest kernels that work here: SIMD, or the reference where the engine has no SIMD, a page's policy forbids
 * compiling, or the memory cannot be reserved. They have the same bits.
 */
export function selectKernels(options: KernelOptions = {}): VectorKernels {
  if (!simdSupported()) return referenceKernels;
  try {
    return simdKernels(options);
  } catch (error) {
    if (error instanceof RangeError || error instanceof WebAssembly.CompileError) return referenceKernels;
    throw error;
  }
}

class SimdKernels implements VectorKernels {
  readonly #memory: LinearMemory;
  readonly #wasm: Exports;

  constructor(reserve: readonly number[]) {
    // Compiled synchronously: a module this small takes well under a millisecond, and browsers allow it on any thread.
    const module = new WebAssembly.Module(binary());
    this.#memory = new LinearMemory(reserve);
    const instance = new WebAssembly.Instance(module, { env: { memory: this.#memory.memory } });
    this.#wasm = instance.exports as unknown as Exports;
  }

  allocate(length: number): Float32Array {
    return this.#memory.allocate(length);
  }

  release(vector: Float32Array): void {
    this.#memory.release(vector);
  }

  add(target: Float32Array, source: Float32Array): void {
    requireSameLength(target, source);
    runStaged(this.#memory, { written: [target], read: [source], length: target.length }, ([to, from], bytes) =>
      this.#wasm.add(to, from, bytes),
    );
  }

  scale(target: Float32Array, factor: number): void {
    runStaged(this.#memory, { written: [target], read: [], length: target.length }, ([to], bytes) =>
      this.#wasm.scale(to, bytes, factor),
    );
  }

  measure(vector: Float32Array, from: number, to: number): Measure {
    requireRange(vector, from, to);
    const { sums } = this.#memory;
    sums.fill(0);
    const range = vector.subarray(from, to);
    // A block is a multiple of eight elements, so element i of the range always meets lane i mod 8.
    runStaged(this.#memory, { written: [], read: [range], length: range.length }, ([source], bytes) =>
      this.#wasm.measure(source, bytes, LANES_ADDRESS),
    );
    return sumOfLanes(sums);
  }

  scaleMeasured(target: Float32Array, source: Float32Array, factor: number, { from, to }: Range): Measure {
    requireSameLength(target, source);
    requireRange(target, from, to);
    const { sums } = this.#memory;
    sums.fill(0);
    const operand = replaced(target.subarray(from, to), source.subarray(from, to));
    const extent = { elements: to - from, group: 1 };
    runBlocks(this.#memory, [operand], extent, ([address], bytes) =>
      this.#wasm.scaleMeasured(address, bytes, factor, LANES_ADDRESS),
    );
    return sumOfLanes(sums);
  }

  adam(parameters: Float32Array, moments: Moments, gradient: Float32Array, scalars: AdamScalars): void {
    const { first, second } = moments;
    requireSameLength(parameters, first, second, gradient);
    const { alpha, oneMinusBeta1, oneMinusBeta2, epsilon, decay = 0 } = scalars;
    const operands = { written: [parameters, first, second], read: [gradient], length: parameters.length };
    runStaged(this.#memory, operands, ([p, m, v, g], bytes) =>
      this.#wasm.adam(p, m, v, g, bytes, alpha, oneMinusBeta1, oneMinusBeta2, epsilon, decay),
    );
  }

  sgd(parameters: Float32Array, gradient: Float32Array, scalars: SgdScalars, velocity?: Float32Array): void {
    requireSameLength(parameters, gradient, velocity ?? gradient);
    const { rate, momentum = 0, decay = 0 } = scalars;
    const { length } = parameters;
    if (velocity) {
      const operands = { written: [parameters, velocity], read: [gradient], length };
      runStaged(this.#memory, operands, ([p, v, g], bytes) =>
        this.#wasm.sgdMomentum(p, v, g, bytes, rate, momentum, decay),
      );
    } else {
      runStaged(this.#memory, { written: [parameters], read: [gradient], length }, ([p, g], bytes) =>
        this.#wasm.sgd(p, g, bytes, rate, decay),
      );
    }
  }

  ema(average: Float32Array, parameters: Float32Array, decay: number): void {
    requireNoLonger(average, parameters);
    runStaged(this.#memory, { written: [average], read: [parameters], length: average.length }, ([to, from], bytes) =>
      this.#wasm.ema(to, from, bytes, 1 - decay),
    );
  }

  fingerprint(vectors: readonly Float32Array[]): Fingerprint {
    const { words: lanes } = this.#memory;
    lanes.set(LANE_SEEDS);
    let words = 0;
    for (const vector of vectors) {
      this.#mix(vector);
      words += vector.length;
    }
    return digestLanes(lanes, words);
  }

  normal(target: Float32Array, place: StreamPosition): void {
    // Refuses what is out of range.
    fillNormal(target.subarray(0, 0), place);
    const { stream, index = 0, position = 0 } = place;
    const seed = Number(place.seed);
    const phase = position % 4;
    let block = (position - phase) / 4;
    const numbers = this.#memory.slot(0);
    for (let done = -phase; done < target.length; done += BLOCK_ELEMENTS, block += BLOCK_ELEMENTS / 4) {
      const [from, to] = [Math.max(0, -done), Math.min(BLOCK_ELEMENTS, target.length - done)];
      const words = [seed % TWO_32, Math.floor(seed / TWO_32), block % TWO_32, Math.floor(block / TWO_32)] as const;
      this.#wasm.normal(numbers.byteOffset, Math.ceil(to / 4), ...words, stream, index);
      target.set(numbers.subarray(from, to), done + from);
    }
  }

  pack(format: PackedFormat, source: Float32Array, target: PackedRun, rounding: Rounding): void {
    requirePacked(format, source.length, target);
    const { key0, key1, first } = rounding;
    const operands = [read(source), ...packedOperands(format, target, 'write')];
    runBlocks(this.#memory, operands, wholeGroups(source.length), ([from, exponents, values], bytes, start) =>
      this.#wasm.pack(FORMATS[format], from, bytes, exponents, values, first + start, key0, key1),
    );
  }

  unpack(format: PackedFormat, source: PackedRun, target: Float32Array): void {
    requirePacked(format, target.length, source);
    const operands = [...packedOperands(format, source, 'read'), write(target)];
    runBlocks(this.#memory, operands, wholeGroups(target.length), ([exponents, values, to], bytes) =>
      this.#wasm.unpack(FORMATS[format], exponents, values, to, bytes),
    );
  }

  addPacked(format: PackedFormat, target: PackedRun, source: PackedRun, rounding: Rounding): void {
    const elements = packedElements(format, target);
    requirePacked(format, elements, source);
    const { key0, key1, first } = rounding;
    const operands = [...packedOperands(format, target, 'update'), ...packedOperands(format, source, 'read')];
    runBlocks(this.#memory, operands, wholeGroups(elements), ([a, b, c, d], bytes, start) =>
      this.#wasm.addPacked(FORMATS[format], a, b, c, d, bytes, SCRATCH_ADDRESS, first + start, key0, key1),
    );
  }

  halvePacked(format: PackedFormat, target: PackedRun, halvings: number): boolean {
    const elements = packedElements(format, target);
    if (format === 'bf16') return false;
    let canonical = 1;
    const least = HALVED_EXPONENTS.from + halvings;
    const operands = packedOperands(format, target, 'read');
    runBlocks(this.#memory, operands, wholeGroups(elements), ([exponents, values], bytes) => {
      canonical &= this.#wasm.isCanonical(FORMATS[format], exponents, values, bytes, least);
    });
    if (canonical === 1) lowerExponents(target, halvings);
    return canonical === 1;
  }

  measurePacked(format: PackedFormat, source: PackedRun): Measure {
    const elements = packedElements(format, source);
    const { sums } = this.#memory;
    sums.fill(0);
    const operands = packedOperands(format, source, 'read');
    runBlocks(this.#memory, operands, wholeGroups(elements), ([exponents, values], bytes) =>
      this.#wasm.measurePacked(FORMATS[format], exponents, values, bytes, SCRATCH_ADDRESS, LANES_ADDRESS),
    );
    return sumOfLanes(sums);
  }

  #mix(vector: Float32Array): void {
    const whole = vector.length - (vector.length % LANES);
    runStaged(this.#memory, { written: [], read: [vector], length: whole }, ([source], bytes) =>
      this.#wasm.fingerprint(source, bytes, LANES_ADDRESS),
    );
    if (whole === vector.length) return;
    const rest = this.#memory.slot(0).subarray(0, LANES).fill(0);
    rest.set(vector.subarray(whole));
    this.#wasm.fingerprint(rest.byteOffset, rest.byteLength, LANES_ADDRESS);
  }
}
