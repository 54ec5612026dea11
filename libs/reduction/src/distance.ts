/** How far apart two nodes are that devices of unlike arithmetic computed for the same leaves. */
import type { CodecName } from '@gradcast/protocol';
import type { GradientCodec, GradientLayout } from './codec.ts';

/**
 * Largest relative L2 distance, ||a - b|| / ||b||, of honest nodes of unlike devices; measured: docs/reliability.md. The
 * packed codecs round both, each up to its own precision.
 */
export const DEVICE_TOLERANCE: Record<CodecName, number> = { f32: 1e-2, f16: 1e-2, bf16: 2e-2, int8: 6e-2 };

/**
 * Whether a node lies within a tolerance of a reference: each group's gradient and every statistic of the tail on its own, so that a
 * large one hides nothing in a small one. Two that are not finite are near: both say that the model diverged.
 */
export function isNear(
  nodes: { readonly node: Uint8Array; readonly reference: Uint8Array },
  {
    codec,
    layout,
    tolerance,
  }: { readonly codec: GradientCodec; readonly layout: GradientLayout; readonly tolerance: number },
): boolean {
  const { parameters, groups, tail } = layout;
  // Copies: what a codec decodes is valid until it decodes again.
  const gradientOf = (node: Uint8Array) => codec.decodeAverage(node).slice(0, parameters.length);
  const [a, b] = [gradientOf(nodes.node), gradientOf(nodes.reference)];
  const [s, t] = [codec.tailOf(nodes.node), codec.tailOf(nodes.reference)];
  const sound = (gradient: Float32Array, rest: Float32Array) =>
    gradient.every((x) => Number.isFinite(x)) && rest.every((x) => Number.isFinite(x));
  const [isSound, isReferenceSound] = [sound(a, s), sound(b, t)];
  if (!isSound || !isReferenceSound) return isSound === isReferenceSound;
  return (
    groups.every(({ from, to }) => distance(a, b, from, to) <= tolerance) &&
    tail.entries.every(({ offset, size }) => distance(s, t, offset, offset + size) <= tolerance)
  );
}

function distance(a: Float32Array, b: Float32Array, from: number, to: number): number {
  let [difference, size] = [0, 0];
  for (let i = from; i < to; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}
