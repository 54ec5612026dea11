/**
 * Parameters on their way to the device: through memory that TensorFlow allocates on the host and that stays, pinned where there is
 * a GPU, so the driver has nothing to stage. Without such memory they go up from an array of their own.
 */
import type { Binding } from '../binding.ts';
import { TYPE } from './raw-ops.ts';

/** What is used of a binding. */
export type UploadBinding = Pick<
  Binding,
  'createStaging' | 'upload' | 'isPinned' | 'createTensor' | 'deleteTensor' | 'isUsingGpuDevice'
>;

/** Where they lie before: a tensor on the host, by its id, or an array. */
type Source = { readonly staging: number } | { readonly copy: Float32Array };

export class ParameterUpload {
  readonly #binding: UploadBinding;
  readonly #length: number;
  readonly #tell: (sentence: string) => void;
  /** Written only while no tensor lies over it, as one does where the device is the processor. */
  #source: Source | undefined;
  /** What lies on the device. */
  #id: number | undefined;

  /** @param tell takes one sentence if a GPU is fed from memory that is not pinned. */
  constructor(binding: UploadBinding, length: number, tell: (sentence: string) => void) {
    this.#binding = binding;
    this.#length = length;
    this.#tell = tell;
  }

  /** The id of the tensor that was made last, until it is dropped. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Makes a tensor in place of the one before; the device has its own copy when this returns, or one of ours. */
  load(parameters: Float32Array): void {
    this.drop();
    const source = (this.#source ??= this.#reserve());
    if ('staging' in source) {
      this.#id = this.#binding.upload(source.staging, parameters);
    } else {
      source.copy.set(parameters);
      this.#id = this.#binding.createTensor([this.#length], TYPE.float, source.copy);
    }
  }

  drop(): void {
    if (this.#id !== undefined) this.#binding.deleteTensor(this.#id);
    this.#id = undefined;
  }

  dispose(): void {
    this.drop();
    if (this.#source && 'staging' in this.#source) this.#binding.deleteTensor(this.#source.staging);
    this.#source = undefined;
  }

  #reserve(): Source {
    try {
      const staging = this.#binding.createStaging(this.#length);
      if (this.#binding.isUsingGpuDevice() && this.#binding.isPinned(staging) !== true) {
        this.#tell(
          'parameters go up to the GPU from memory that its driver does not know as pinned, which takes longer',
        );
      }
      return { staging };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#tell(`parameters go up from memory that is not pinned: ${reason}`);
      return { copy: new Float32Array(this.#length) };
    }
  }
}

/** Whether uploads are from pinned memory here; undefined where no CUDA driver can tell. */
export function uploadsArePinned(binding: UploadBinding): boolean | undefined {
  const staging = binding.createStaging(1024);
  try {
    return binding.isPinned(staging);
  } finally {
    binding.deleteTensor(staging);
  }
}
