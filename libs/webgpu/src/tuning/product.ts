/** The products of a plan as tuning sees them: distinct shapes, the costliest first. */
import { productFlops } from '@gradcast/plan';
import type { Plan, ProductLaunch, ProductShape, TileName } from '@gradcast/plan';

export interface TunedProduct {
  /** Tells shapes apart; stands in what is kept. */
  readonly key: string;
  /** The first launch of this shape. */
  readonly launch: ProductLaunch;
  /** What it is computed with as long as nothing else was chosen. */
  readonly usual: TileName;
  /** Floating-point operations of all its launches in a plan. */
  readonly flops: number;
}

/** All that decides how long a product takes on a device. */
export function productKey({ way, convolution, images }: ProductShape): string {
  const { large, small, channels, filters, kernel, stride, before } = convolution;
  return `${way} ${images} x ${large.join('x')}x${channels} ${small.join('x')}x${filters} k${kernel} s${stride} p${before.join(',')}`;
}

/** Products that are not tiled have nothing to choose. */
export function productsOf({ launches }: Pick<Plan, 'launches'>): TunedProduct[] {
  const products = new Map<string, TunedProduct>();
  for (const launch of launches) {
    if (launch.kind !== 'product' || launch.kernel.kind !== 'tiled') continue;
    const key = productKey(launch);
    const flops = productFlops(launch.convolution, launch.images);
    const known = products.get(key);
    products.set(
      key,
      known ? { ...known, flops: known.flops + flops } : { key, launch, usual: launch.kernel.tile as TileName, flops },
    );
  }
  return [...products.values()].sort((a, b) => b.flops - a.flops || (a.key < b.key ? -1 : 1));
}
