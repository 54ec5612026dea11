/**
 * What libtensorflow reads from the environment, once, while it loads.
 *
 * Threads are part of a run's numeric profile: the intra-op count changes the order of sums. Everything else here
 * keeps the same sums in the same order: no autotuned kernels, no TF32, deterministic ops.
 */

export interface NativeSettings {
  /** Threads within an op; 1 unless said otherwise, so bits do not depend on a host's core count. */
  readonly threads?: number;
  /** Index of the one NVIDIA GPU that may be seen; without it the processor computes. */
  readonly gpu?: number | undefined;
}

/**
 * The variables to set before the library loads: for a child process when it is spawned, or by `loadTensorflow`.
 *
 * @throws RangeError if `threads` is not a positive integer or `gpu` not a non-negative one.
 */
export function nativeEnvironment({ threads = 1, gpu }: NativeSettings = {}): Record<string, string> {
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads must be 1 or more, not ${threads}`);
  if (gpu !== undefined && (!Number.isInteger(gpu) || gpu < 0)) throw new RangeError(`${gpu} is no GPU's index`);
  return {
    TF_NUM_INTRAOP_THREADS: String(threads),
    // A graph's ops run one after another in the thread that calls, as single ops do: no thread has to be woken.
    TF_NUM_INTEROP_THREADS: '-1',
    TF_CPP_MIN_LOG_LEVEL: '1',
    TF_DETERMINISTIC_OPS: '1',
    TF_CUDNN_USE_AUTOTUNE: '0',
    NVIDIA_TF32_OVERRIDE: '0',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // Indices as nvidia-smi lists them. -1 hides every GPU.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_VISIBLE_DEVICES: gpu === undefined ? '-1' : String(gpu),
  };
}
