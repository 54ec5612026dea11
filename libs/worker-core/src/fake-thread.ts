/** A compute thread whose side a test plays. */
import type { BackendProfile } from '@gradcast/engine';
import type { FromCompute, ToCompute } from './compute-messages.ts';
import { Compute } from './compute.ts';
import type { StartThread, ThreadEvents } from './compute.ts';

export const PROFILE: BackendProfile = {
  backend: 'wasm',
  libraryVersion: '4.22.0',
  device: 'cpu',
  threads: 1,
  features: 'simd128',
  mode: 'eager',
};

export class FakeThread {
  /** What it was told, and the buffers that became its own. */
  readonly told: { readonly message: ToCompute; readonly transfer: readonly ArrayBuffer[] }[] = [];
  #events: ThreadEvents | undefined;

  readonly start: StartThread = (events) => {
    this.#events = events;
    return { post: (message, transfer) => void this.told.push({ message, transfer }) };
  };

  says(message: FromCompute): void {
    this.#events?.message(message);
  }

  ends(sentence: string): void {
    this.#events?.ended(sentence);
  }

  /** The parent's handle on it, once it has loaded. */
  async loaded(): Promise<Compute> {
    const compute = Compute.start(this.start);
    this.says({ type: 'loaded', profile: PROFILE });
    return compute;
  }
}
