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
/** Of a float32 vector, that a packed one takes. */
const SHARES = { bf16: 0.5, f16: 0.5, int8: 0.25 } as const satisfies Record<PackedFormat, number>;
const SGD_SCALARS = { rate: 1e-4, momentum: 0.9 };
const WHOLE = { from: 0, to: LENGTH };
const PLACE = { seed: 1n, stream: 0 };

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
  normal: { vectors: 1, run: ({ kernels, state }) => kernels.normal(state.sum, PLACE) },
  ...packingKernels('bf16'),
  ...packingKernels('f16'),
  ...halvingKernel('f16'),
  ...packingKernels('int8'),
  ...halvingKernel('int8'),
};

/** Divides by 2^0: the work is that of any division, and a run stays fit for the next round. */
function halvingKernel(format: 'f16' | 'int8'): Record<string, Kernel> {
  return {
    [`halvePacked ${format}`]: {
      vectors: SHARES[format],
      run: ({ kernels, state }) => {
        if (!kernels.halvePacked(format, state.halvable[format], 0)) throw new Error('its exponents do not do');
      },
    },
  };
}

/** The kernels of every packed format. */
function packingKernels(format: PackedFormat): Record<string, Kernel> {
  const share = SHARES[format];
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
