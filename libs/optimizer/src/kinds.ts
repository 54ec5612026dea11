import type { OptimizerSpec } from '@gradcast/task';
import { adam } from './adam.ts';
import type { Optimizer } from './optimizer.ts';
import { sgd } from './sgd.ts';

export function optimizerOf(spec: OptimizerSpec): Optimizer {
  switch (spec.kind) {
    case 'adam':
      return adam(spec);
    case 'sgd':
      return sgd(spec);
    default:
      return spec satisfies never;
  }
}
