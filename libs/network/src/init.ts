/**
 * First values of parameters and running statistics: a function of networks and seed alone, computed without a device, so
 * every backend starts from the same bits.
 */
import { fillNormal, fillUniform, STREAMS } from '@gradcast/random';
import type { Layout } from '@gradcast/tensors';
import type { Initializer } from './layer-spec.ts';

/** Inputs and outputs that one unit of a kernel `[..., in, out]` connects to, as Keras counts them; of an embedding classes and features. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const field = shape.slice(0, -2).reduce((product, side) => product * side, 1);
  return { fanIn: field * shape[shape.length - 2], fanOut: field * shape[shape.length - 1] };
}

/**
 * Parameters at version 0, kernels and embeddings by the initializer, gamma 1, biases and beta
 * 0. `glorot_uniform` is U(-a, a) with a = sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010, equation 16). Each tensor is
 * drawn from the `init` stream at the position of its offset.
 *
 * @throws RandomError `random-seed` unless the seed is an unsigned 53-bit integer.
 */
export function initialParameters(
  { parameters, initializer }: { readonly parameters: Layout; readonly initializer: Initializer },
  seed: bigint | number,
): Float32Array {
  const vector = new Float32Array(parameters.length);
  for (const { name, shape, offset, size } of parameters.entries) {
    const out = vector.subarray(offset, offset + size);
    const place = { seed, stream: STREAMS.init, position: offset };
    if (name.endsWith('/gamma')) out.fill(1);
    if (!name.endsWith('/kernel') && !name.endsWith('/embedding')) continue;
    if (initializer.kind === 'normal') {
      fillNormal(out, place);
      for (let i = 0; i < size; i++) out[i] *= initializer.deviation;
    } else {
      const { fanIn, fanOut } = fans(shape);
      const limit = Math.sqrt(6 / (fanIn + fanOut));
      fillUniform(out, { ...place, low: -limit, high: limit });
    }
  }
  return vector;
}

/** Running statistics at version 0: means 0, variances 1. */
export function initialRunning(running: Layout): Float32Array {
  const vector = new Float32Array(running.length);
  for (const { name, offset, size } of running.entries) {
    if (name.endsWith('/variance')) vector.fill(1, offset, offset + size);
  }
  return vector;
}
