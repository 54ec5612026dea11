/** The ways to compute, in the order in which `auto` tries them, and what a probe of one says. */
import type { BackendName } from '@gradcast/engine';

/** `cuda` and `tensorflow` are the same backend on a GPU and on the processor. */
export type Candidate = 'cuda' | 'webgpu' | 'tensorflow' | 'wasm';

/** What a user may ask for. `tensorflow` takes CUDA where it runs, the processor elsewhere. */
export type BackendRequest = 'auto' | Candidate;

/** Fastest first. */
export const CANDIDATES: readonly Candidate[] = ['cuda', 'webgpu', 'tensorflow', 'wasm'];

/** The backend that computes for a candidate. */
export function backendOf(candidate: Candidate): BackendName {
  switch (candidate) {
    case 'cuda':
    case 'tensorflow':
      return 'tensorflow';
    case 'webgpu':
    case 'wasm':
      return candidate;
    default:
      return candidate satisfies never;
  }
}

/** Answer of one probe. */
export type ProbeReport =
  | {
      readonly ok: true;
      /** As in a profile: `cpu`, `cuda:NAME`, `gpu:NAME` or `software:NAME`. */
      readonly device: string;
      readonly libraryVersion: string;
    }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** Tries one candidate; never throws. */
export type Prober = (candidate: Candidate) => Promise<ProbeReport>;

/** Whether a report is of a processor that plays a GPU, which only a test wants. */
export function isSoftware(report: ProbeReport): boolean {
  return report.ok && report.device.startsWith('software:');
}
