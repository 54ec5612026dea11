/**
 * The codecs that pack: f16 and int8 with a power-of-two scale for each block of a tensor, bf16 without.
 *
 *     node:    exponents, one byte a block | values | tail, float32      each part padded to 8 bytes
 *     average: exponents                   | values
 *
 * Blocks never straddle tensors, so one tensor's large values take no digits from its neighbour's. Scales are taken anew
 * at each node. int8 rounds stochastically, keyed by (seed, step, node, element): sums stay unbiased and everybody
 * rounds alike. The tail is summed in float32 whatever the codec.
 */
import { payloadWithRoom } from '@gradcast/protocol';
import type { CodecName } from '@gradcast/protocol';
import { Philox, STREAMS } from '@gradcast/random';
import { floatsOf, freeMemory, padded } from '@gradcast/tensors';
import { boundSquares, PACK_BLOCK, packedElementBytes } from '@gradcast/vector';
import type { PackedRun, Rounding, VectorKernels } from '@gradcast/vector';
import { isWithin, normsOf, takeMean } from './average.ts';
import type { AverageNorms, GradientShape } from './average.ts';
import type { CodecOptions, GradientCodec, GradientLayout, Mean, MeanOptions, NodePlace } from './codec.ts';
import { isZero, paddingOf } from './padding.ts';

type PackedName = Exclude<CodecName, 'f32'>;

/** One tensor, its padding included. */
interface Run {
  /** First element in the vector. */
  readonly first: number;
  readonly elements: number;
  /** Byte of a node at which its exponents begin, and how many there are. */
  readonly exponentsAt: number;
  readonly exponents: number;
  readonly valuesAt: number;
  readonly valueBytes: number;
}

/** Philox index of an average's rounding; nodes have smaller ones. */
const AVERAGE_INDEX = 0xffff_ffff;

export class PackedCodec implements GradientCodec {
  readonly nodeBytes: number;
  readonly averageBytes: number;
  readonly #name: PackedName;
  readonly #kernels: VectorKernels;
  readonly #seed: number;
  readonly #runs: readonly Run[];
  readonly #padding: ReturnType<typeof paddingOf>;
  readonly #shape: GradientShape;
  readonly #parameters: number;
  readonly #tail: number;
  /** What leaves are written to, and what averages are decoded to: where the kernels are fastest. */
  #vector: Float32Array | undefined;
  #average: Float32Array | undefined;
  /** Bytes that the average was decoded from already. */
  #decoded: Uint8Array | undefined;

  constructor(name: PackedName, { layout, seed, kernels }: CodecOptions) {
    const { parameters, tail, groups } = layout;
    this.#name = name;
    this.#kernels = kernels;
    this.#seed = seed;
    this.#shape = { parameters: parameters.length, groups };
    this.#parameters = parameters.length;
    this.#tail = tail.length;
    this.#runs = runsOf(
      name,
      parameters.entries.map(({ offset, size }) => ({ first: offset, elements: padded(size) })),
    );
    const [{ valuesAt: at }] = this.#runs;
    this.#padding = paddingOf(parameters, { at, elementBytes: packedElementBytes(name) });
    const { valuesAt, valueBytes } = this.#runs[this.#runs.length - 1];
    this.averageBytes = align(valuesAt + valueBytes);
    this.nodeBytes = align(this.averageBytes + tail.length * Float32Array.BYTES_PER_ELEMENT);
  }

  /** Lengths of the vectors that the kernels should reserve memory for. */
  static reserve({ parameters, tail }: GradientLayout): readonly number[] {
    return [parameters.length, parameters.length + tail.length];
  }

  vectorFor(): Float32Array {
    return (this.#vector ??= this.#kernels.allocate(this.#parameters + this.#tail));
  }

  encode(node: Uint8Array, place: NodePlace): void {
    const vector = this.vectorFor();
    this.#pack(vector, node, this.#roundingOf(place));
    this.tailOf(node).set(vector.subarray(this.#parameters));
  }

  combine(left: Uint8Array, right: Uint8Array, place: NodePlace): Uint8Array {
    const rounding = this.#roundingOf(place);
    for (const run of this.#runs) {
      this.#kernels.addPacked(this.#name, packedRun(left, run), packedRun(right, run), {
        ...rounding,
        first: run.first,
      });
    }
    this.#kernels.add(this.tailOf(left), this.tailOf(right));
    return left;
  }

  measure(node: Uint8Array): AverageNorms {
    const groups = this.#shape.groups.map(({ from, to }) => {
      let [sumOfSquares, finite] = [0, true];
      for (const run of this.#runs) {
        if (run.first < from || run.first >= to) continue;
        const measured = this.#kernels.measurePacked(this.#name, packedRun(node, run));
        finite &&= measured.finite;
        sumOfSquares += measured.sumOfSquares;
      }
      return { finite, sumOfSquares };
    });
    return normsOf(groups, this.#kernels.measure(this.tailOf(node), 0, this.#tail));
  }

  hasZeroPadding(node: Uint8Array): boolean {
    return isZero(node, this.#padding);
  }

  tailOf(node: Uint8Array): Float32Array {
    const end = this.averageBytes + this.#tail * Float32Array.BYTES_PER_ELEMENT;
    return floatsOf(node.subarray(this.averageBytes, end));
  }

  isWithin(node: Uint8Array, norm: number): boolean {
    const bound = this.#runs.reduce((sum, run) => sum + boundSquares(this.#name, packedRun(node, run)), 0);
    if (Math.sqrt(bound) <= norm) return this.#kernels.measure(this.tailOf(node), 0, this.#tail).finite;
    return isWithin(this.measure(node), norm);
  }

  mean(root: Uint8Array, { leaves, step, clipNorm }: MeanOptions): Mean {
    const gradient = this.decodeAverage(root);
    // A copy: the tail is looked at for longer than a node should live.
    const tail = this.tailOf(root).slice();
    const norms = takeMean(
      { gradient, into: gradient, tail },
      { leaves, shape: this.#shape, kernels: this.#kernels, clipNorm },
    );
    const encoded = payloadWithRoom(this.averageBytes);
    const isClipped = norms.groups.some((norm) => norm > (clipNorm ?? Infinity));
    if (!isClipped && this.#divide(root, encoded, Math.log2(leaves))) {
      // What was divided in float32 is what this decodes to.
      this.#decoded = encoded;
    } else this.#pack(gradient, encoded, this.#rounding(step, AVERAGE_INDEX));
    freeMemory(root);
    return { norms, tail, encoded };
  }

  decodeAverage(bytes: Uint8Array): Float32Array {
    this.#average ??= this.#kernels.allocate(this.#parameters);
    if (bytes !== this.#decoded) this.#unpack(bytes, this.#average);
    this.#decoded = undefined;
    return this.#average;
  }

  /** The mean as it would be packed, from a sum's own bytes. @returns whether the exponents can take the division. */
  #divide(root: Uint8Array, encoded: Uint8Array, halvings: number): boolean {
    if (this.#name === 'bf16') return false;
    const [first, last] = [this.#runs[0], this.#runs[this.#runs.length - 1]];
    // What lies between the parts may be anything where a worker sent the root.
    for (const [from, to] of [
      [0, last.exponentsAt + last.exponents],
      [first.valuesAt, last.valuesAt + last.valueBytes],
    ]) {
      encoded.set(root.subarray(from, to), from);
    }
    return this.#runs.every((run) => this.#kernels.halvePacked(this.#name, packedRun(encoded, run), halvings));
  }

  #pack(vector: Float32Array, bytes: Uint8Array, rounding: Rounding): void {
    for (const run of this.#runs) {
      const source = vector.subarray(run.first, run.first + run.elements);
      this.#kernels.pack(this.#name, source, packedRun(bytes, run), { ...rounding, first: run.first });
    }
  }

  #unpack(bytes: Uint8Array, vector: Float32Array): void {
    for (const run of this.#runs) {
      this.#kernels.unpack(this.#name, packedRun(bytes, run), vector.subarray(run.first, run.first + run.elements));
    }
  }

  /** Nodes are numbered in order (a leaf k is 2k), which does not depend on how large the tree is. */
  #roundingOf({ step, subtree: { start, size } }: NodePlace): Rounding {
    return this.#rounding(step, 2 * start + size - 1);
  }

  #rounding(step: number, index: number): Rounding {
    const [key0, key1] = new Philox(this.#seed, STREAMS.codec, index).u32x4(step);
    return { key0, key1, first: 0 };
  }
}

function runsOf(name: PackedName, tensors: readonly Pick<Run, 'first' | 'elements'>[]): Run[] {
  const counts = tensors.map(({ elements }) => (name === 'bf16' ? 0 : Math.ceil(elements / PACK_BLOCK)));
  const valuesFrom = align(counts.reduce((sum, count) => sum + count, 0));
  let exponentsAt = 0;
  return tensors.map(({ first, elements }, index) => {
    const run = {
      first,
      elements,
      exponentsAt,
      exponents: counts[index],
      valuesAt: valuesFrom + first * packedElementBytes(name),
      valueBytes: elements * packedElementBytes(name),
    };
    exponentsAt += run.exponents;
    return run;
  });
}

function packedRun(bytes: Uint8Array, { exponentsAt, exponents, valuesAt, valueBytes }: Run): PackedRun {
  return {
    exponents: bytes.subarray(exponentsAt, exponentsAt + exponents),
    values: bytes.subarray(valuesAt, valuesAt + valueBytes),
  };
}

function align(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
