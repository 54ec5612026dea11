/** Which tiles are worth a try for a product on a device. */
import { invocations, productSize, tiles } from '@gradcast/plan';
import type { Tile, TileName } from '@gradcast/plan';
import type { TunedProduct } from './product.ts';

/** What a device allows a workgroup. */
export type WorkgroupLimits = Pick<
  GPUSupportedLimits,
  'maxComputeWorkgroupStorageSize' | 'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupSizeX'
>;

/** A tile may compute so many times what the usual one does, borders beyond the product included. */
const MOST_WASTE = 1.5;

/** Bytes of workgroup memory: a run of terms of both operands. */
function workgroupBytes({ rows, columns, depth }: Tile): number {
  return 4 * depth * (rows + columns);
}

export function isAllowed(tile: Tile, limits: WorkgroupLimits): boolean {
  const group = invocations(tile);
  return (
    workgroupBytes(tile) <= limits.maxComputeWorkgroupStorageSize &&
    group <= limits.maxComputeInvocationsPerWorkgroup &&
    group <= limits.maxComputeWorkgroupSizeX
  );
}

/** The usual one, which runs on every device, and behind it the others that the limits allow and that fit the product. */
export function candidatesOf(
  { launch, usual }: Omit<TunedProduct, 'key' | 'flops'>,
  limits: WorkgroupLimits,
): TileName[] {
  const size = productSize(launch.way, launch.convolution, launch.images);
  const covered = ({ rows, columns }: Tile) =>
    Math.ceil(size.rows / rows) * rows * Math.ceil(size.columns / columns) * columns;
  const most = MOST_WASTE * covered(tiles[usual]);
  const others = (Object.keys(tiles) as TileName[]).filter(
    (name) => name !== usual && isAllowed(tiles[name], limits) && covered(tiles[name]) <= most,
  );
  return [usual, ...others];
}
