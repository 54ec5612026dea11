/** The kernels that are measured: what each does, and how many vectors of float32 it must at least read and write. */
import type { PackedFormat, VectorKernels } from '@gradcast/vector';
import { LENGTH, ROUNDING } from './memory.ts';
import type { Frame, State } from './memory.ts';

/** An implementation, and memory that suits it. */
export interface Variant {
  readonly kernels: VectorKernels;
  readonly state: State;
}

export interface Kernel {
  readonly vectors: number;
  readonly run: (variant: Variant, frame: Frame) => void;
}

const SCALARS = { alpha: 1e-4, oneMinusBeta1: 0.5, oneMinusBeta2: 0.001, epsilon: 1e-7 };
const SGD_SCALARS = { rate: 1e-4, momentum: 0.9 };
const WHOLE = { from: 0, to: LENGTH };

export const KERNELS: Readonly<Record<string, Kernel>> = {
  add: { vectors: 3, run: ({ kernels, state }, { vector }) => kernels.add(state.sum, vector) },
  scale: { vectors: 2, run: ({ kernels, state }) => kernels.scale(state.sum, -1) },
  measure: { vectors: 1, run: ({ kernels }, { vector }) => void kernels.measure(vector, 0, LENGTH) },
  scaleMeasured: {
    vectors: 2,
    run: ({ kernels, state: { sum } }) => void kernels.scaleMeasured(sum, sum, -1, WHOLE),
  },
  'scale, then measure': {
    vectors: 3,
    run: ({ kernels, state: { sum } }) => {
      kernels.scale(sum, -1);
      kernels.measure(sum, 0, LENGTH);
    },
  },
  adam: {
    vectors: 7,
    run: ({ kernels, state }, { vector }) => kernels.adam(state.parameters, state, vector, SCALARS),
  },
  adamW: {
    vectors: 7,
    run: ({ kernels, state }, { vector }) => kernels.adam(state.parameters, state, vector, { ...SCALARS, decay: 1e-6 }),
  },
  sgd: {
    vectors: 5,
    run: ({ kernels, state }, { vector }) => kernels.sgd(state.parameters, vector, SGD_SCALARS, state.first),
  },
  ema: { vectors: 3, run: ({ kernels, state }) => kernels.ema(state.sum, state.parameters, 0.999) },
  fingerprint: {
    vectors: 3,
    run: ({ kernels, state }) => void kernels.fingerprint([state.parameters, state.first, state.second]),
  },
  ...packingKernels('bf16'),
  ...packingKernels('f16'),
  ...packingKernels('int8'),
};

/** The kernels of a packed format; a packed vector counts as the share of a float32 vector that it takes. */
function packingKernels(format: PackedFormat): Record<string, Kernel> {
  const share = format === 'int8' ? 0.25 : 0.5;
  return {
    [`pack ${format}`]: {
      vectors: 1 + share,
      run: ({ kernels, state }, { vector }) => kernels.pack(format, vector, state.packed[format], ROUNDING),
    },
    [`unpack ${format}`]: {
      vectors: 1 + share,
      run: ({ kernels, state }, { packed }) => kernels.unpack(format, packed[format], state.sum),
    },
    [`addPacked ${format}`]: {
      vectors: 3 * share,
      run: ({ kernels, state }, { packed }) =>
        kernels.addPacked(format, state.packed[format], packed[format], ROUNDING),
    },
    [`measurePacked ${format}`]: {
      vectors: share,
      run: ({ kernels }, { packed }) => void kernels.measurePacked(format, packed[format]),
    },
  };
}
