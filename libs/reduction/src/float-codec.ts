/** The codec that changes nothing: nodes are float32, and no byte is copied to encode or decode one. */
import type { VectorKernels } from '@gradcast/vector';
import { payloadWithRoom } from '@gradcast/protocol';
import { isWithin, measureGradient, takeMean } from './average.ts';
import type { AverageNorms, GradientShape } from './average.ts';
import { floatsOf, freeMemory } from '@gradcast/tensors';
import type { CodecOptions, GradientCodec, Mean, MeanOptions } from './codec.ts';
import { isZero, paddingOf } from './padding.ts';

export class FloatCodec implements GradientCodec {
  readonly nodeBytes: number;
  readonly averageBytes: number;
  readonly #shape: GradientShape;
  readonly #kernels: VectorKernels;
  readonly #padding: ReturnType<typeof paddingOf>;

  constructor({ layout, kernels }: CodecOptions) {
    const { parameters, tail, groups } = layout;
    this.nodeBytes = (parameters.length + tail.length) * Float32Array.BYTES_PER_ELEMENT;
    this.averageBytes = parameters.length * Float32Array.BYTES_PER_ELEMENT;
    this.#shape = { parameters: parameters.length, groups };
    this.#kernels = kernels;
    this.#padding = paddingOf(parameters, { at: 0, elementBytes: Float32Array.BYTES_PER_ELEMENT });
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

  measure(node: Uint8Array): AverageNorms {
    return measureGradient(floatsOf(node), this.#shape, this.#kernels);
  }

  hasZeroPadding(node: Uint8Array): boolean {
    return isZero(node, this.#padding);
  }

  tailOf(node: Uint8Array): Float32Array {
    return floatsOf(node.subarray(this.averageBytes));
  }

  isWithin(node: Uint8Array, norm: number): boolean {
    return isWithin(this.measure(node), norm);
  }

  mean(root: Uint8Array, { leaves, clipNorm }: MeanOptions): Mean {
    const encoded = payloadWithRoom(this.averageBytes);
    // A copy: the tail is looked at for longer than a node of megabytes should live.
    const tail = this.tailOf(root).slice();
    const norms = takeMean(
      { gradient: floatsOf(root.subarray(0, this.averageBytes)), into: floatsOf(encoded), tail },
      { leaves, shape: this.#shape, kernels: this.#kernels, clipNorm },
    );
    freeMemory(root);
    return { norms, tail, encoded };
  }

  decodeAverage(bytes: Uint8Array): Float32Array {
    return floatsOf(bytes);
  }
}
