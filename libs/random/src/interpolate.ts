/** Below this sine two directions are the same, or opposite, and have no way of their own along the sphere. */
const PARALLEL = 1e-6;

/**
 * The point at `share`, 0 to 1, of the way between two points of noise.
 *
 * Normal noise lies close to a sphere, so the way between two points follows it; a straight line would pass through a middle where no
 * training sample ever was. Source: White, "Sampling Generative Networks" (2016). Uniform noise fills a cube, whose straight lines
 * stay inside. For pictures: last bits differ between engines, and no bit of a run depends on them.
 */
export function interpolate(
  distribution: 'normal' | 'uniform',
  [from, to]: readonly [Float32Array, Float32Array],
  share: number,
): Float32Array {
  const [near, far] = distribution === 'normal' ? sphericalWeights(from, to, share) : [1 - share, share];
  return from.map((value, i) => near * value + far * to[i]);
}

function sphericalWeights(from: Float32Array, to: Float32Array, share: number): [number, number] {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const lengths = Math.sqrt(dot(from, from) * dot(to, to));
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(from, to) / lengths)));
  const sine = Math.sin(angle);
  if (!(sine > PARALLEL)) return [1 - share, share];
  return [Math.sin((1 - share) * angle) / sine, Math.sin(share * angle) / sine];
}
