/** A way to compute, before its code is loaded, and what a probe of one says. */
import type { DeviceEvent, LoadedBackend } from '@gradcast/engine';
import type { AdapterFacts, TuneMode } from '@gradcast/webgpu';
import type { Gpu, GpuList } from './gpus.ts';

/** Whether a backend that has several ways to compute times them. */
export interface TuningSettings {
  readonly mode: TuneMode;
  /** When this start began, milliseconds since 1970: with `again` what was timed before counts for nothing. */
  readonly started: number;
}

export interface BackendSettings {
  /** Compute threads; only the native backend has more than one. */
  readonly threads?: number;
  /** Needed by `cuda`. */
  readonly gpu?: Gpu | undefined;
  /** Of `webgpu`; without it nothing is timed. */
  readonly tuning?: TuningSettings | undefined;
  /** Told what becomes of the device, by a backend that notices. */
  readonly tell?: ((event: DeviceEvent) => void) | undefined;
}

/** What can be told of a machine without loading anything. */
export interface Surroundings {
  readonly gpus: GpuList;
  /** Whether the user asked for this backend by its name: then nothing is ruled out beforehand. */
  readonly named: boolean;
  /** As `process.platform` has it. */
  readonly os: string;
  /** The cache folder, where it is not the usual one. */
  readonly cache: string | undefined;
}

/** What is known of a candidate; each lies in the folder of its backend, all of them in the list of candidates. */
export interface CandidateFacts {
  /** The backend that computes, by the name under which tfjs-core knows it. */
  readonly backend: string;
  /** What it computes on. A GPU's driver may vanish, so success there is not remembered. */
  readonly device: 'gpu' | 'cpu';
  /** Whether it is the native library that computes, which has to be installed. */
  readonly isNative: boolean;
  /** What to do if its test process dies or does not answer. */
  readonly remedy: string;
  /** Why it need not be tried here, or undefined. */
  readonly ruledOut: (surroundings: Surroundings) => Refused | undefined;
  /** Makes it ready; its code is imported only here. @throws BackendError */
  readonly load: (settings: BackendSettings) => Promise<LoadedBackend>;
  /** What is kept of an adapter's tuning, for people; undefined if nothing is. Backends without it are not tuned. */
  readonly tuning?: (adapter: AdapterFacts, cache: string) => Promise<string | undefined>;
}

export interface Refused {
  readonly ok: false;
  readonly reason: string;
  readonly remedy: string;
}

/** Whether the leaves of a lease are added on the device, and why not. */
export type LeaseSums =
  { readonly onDevice: true } | { readonly onDevice: false; readonly code: string; readonly reason: string };

/** Answer of one probe. */
export type ProbeReport =
  | {
      readonly ok: true;
      /** As in a profile: `cpu`, `cuda:NAME`, `gpu:NAME` or `software:NAME`. */
      readonly device: string;
      readonly libraryVersion: string;
      /** As in a profile. */
      readonly features?: string;
      /** If details were asked for, of a backend that adds leaves on its device. */
      readonly leases?: LeaseSums;
      /** If details were asked for, whether parameters go up from pinned memory. */
      readonly pinned?: boolean;
    }
  | Refused;

/** Whether a report is of a processor that plays a GPU, which only a test wants. */
export function isSoftware(report: ProbeReport): boolean {
  return report.ok && report.device.startsWith('software:');
}
