/** The codec that changes nothing: nodes are float32, and no byte is copied to encode or decode one. */
import type { VectorKernels } from '@gradcast/vector';
import { measureGradient } from './average.ts';
import type { AverageNorms, GradientShape } from './average.ts';
import { bytesOf, floatsOf } from '@gradcast/tensors';
import type { CodecOptions, GradientCodec } from './codec.ts';

export class FloatCodec implements GradientCodec {
  readonly nodeBytes: number;
  readonly averageBytes: number;
  readonly #shape: GradientShape;
  readonly #kernels: VectorKernels;

  constructor({ layout, kernels }: CodecOptions) {
    const { parameters, tail, generatorLength } = layout;
    this.nodeBytes = (parameters.length + tail.length) * Float32Array.BYTES_PER_ELEMENT;
    this.averageBytes = parameters.length * Float32Array.BYTES_PER_ELEMENT;
    this.#shape = { parameters: parameters.length, generator: generatorLength };
    this.#kernels = kernels;
  }

  vectorFor(node: Uint8Array): Float32Array {
    return floatsOf(node);
  }

  /** The vector is the node. */
  encode(): void {}

  combine(left: Uint8Array, right: Uint8Array): Uint8Array {
    this.#kernels.add(floatsOf(left), floatsOf(right));
    return left;
  }

  decode(node: Uint8Array): Float32Array {
    return floatsOf(node);
  }

  measure(node: Uint8Array): AverageNorms {
    return measureGradient(floatsOf(node), this.#shape, this.#kernels);
  }

  encodeAverage(average: Float32Array): Uint8Array {
    return bytesOf(average);
  }

  decodeAverage(bytes: Uint8Array): Float32Array {
    return floatsOf(bytes);
  }
}
