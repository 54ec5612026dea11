import type { LayerSpec } from './layer-spec.ts';

/** The name of each layer of a network, which its tensors' names begin with: by kind and count. */
export function layerNames(network: string, specs: readonly LayerSpec[]): string[] {
  const used = new Map<string, number>();
  return specs.map(({ kind }) => {
    const count = used.get(kind) ?? 0;
    used.set(kind, count + 1);
    return `${network}/${kind}${count === 0 ? '' : `_${count}`}`;
  });
}
