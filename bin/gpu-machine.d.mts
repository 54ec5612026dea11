/** See gpu-machine.mjs; undefined where there is no WebGPU device at all. */
export const gpuMachine:
  | {
      readonly isHardware: boolean;
      /** What a process needs in its environment to find the device. */
      readonly env: Readonly<Record<string, string>>;
    }
  | undefined;
