/** What must be left of the speed without a coordinator, where that was set. */
import type { CodecName } from '@gradcast/protocol';
import { MICRO_BATCH } from '../harness/training.ts';
import type { Subject } from '../harness/training.ts';

/** By micro-batches a worker and step. */
type Shares = Readonly<Record<number, number>>;

const ON_PROCESSOR: Readonly<Partial<Record<CodecName, Shares>>> = { f32: { 1: 0.87, 4: 0.95 }, f16: { 1: 0.92 } };
/** Whatever the codec. */
const ON_GPU: Shares = { 8: 0.6 };

export interface Measured {
  readonly subject: Subject;
  /** As in a profile. */
  readonly device: string;
  readonly perWorker: number;
  readonly codec: CodecName;
}

/** Whether it is a GPU and no processor that plays one. */
export function isGpu(device: string): boolean {
  return /^(cuda|gpu):/.test(device);
}

/** @returns undefined where no share was set. */
export function targetOf({ subject, device, perWorker, codec }: Measured): number | undefined {
  const { preset, microBatch, backend } = subject;
  if (preset !== 'tutorial' || microBatch !== MICRO_BATCH) return undefined;
  if (isGpu(device)) return ON_GPU[perWorker];
  return backend === 'tensorflow' ? ON_PROCESSOR[codec]?.[perWorker] : undefined;
}
