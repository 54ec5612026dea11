/**
 * Owns the device that engines compute on, and asks for another when it is lost: a driver was reset, a browser's process for
 * graphics died, the machine slept.
 *
 * Invariant: whoever computes on a new device gets the bits of the old one, so it is taken only if all that is known of it is the
 * same. Trying is bounded: {@link MOST_TRIES} times in {@link WITHIN_MS}, and no try waits for ever.
 */
import type { BackendError, DeviceEvent } from '@gradcast/engine';
import { DeviceContext } from './context.ts';
import { webgpuError } from './webgpu-error.ts';

export interface OpenedDevice {
  readonly device: GPUDevice;
  /** All that decides bits, as texts: what stands in a numeric profile. */
  readonly facts: Readonly<Record<string, string>>;
}

export interface KeeperOptions {
  /** Asks for an adapter and its device. @throws Error where there is none. */
  readonly open: () => Promise<OpenedDevice>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Calls back once, unless it is cancelled. */
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly tell: (event: DeviceEvent) => void;
}

const MOST_TRIES = 3;
const WITHIN_MS = 600_000;
/** Before the first try after a loss, the second, the third: a driver that starts again has no adapter for a moment. */
const PAUSES_MS = [0, 1_000, 5_000];
const TRY_MS = 30_000;

export class DeviceKeeper {
  readonly #options: KeeperOptions;
  readonly facts: OpenedDevice['facts'];
  #context: DeviceContext;
  #replacing: Promise<DeviceContext> | undefined;
  /** When each try began, as far as it counts. */
  #tries: number[] = [];

  private constructor(options: KeeperOptions, { device, facts }: OpenedDevice) {
    this.#options = options;
    this.facts = facts;
    this.#context = new DeviceContext(device);
  }

  /** Opens the first device. @throws what `open` throws. */
  static async start(options: KeeperOptions): Promise<DeviceKeeper> {
    return new DeviceKeeper(options, await options.open());
  }

  /** The device in use. */
  get context(): DeviceContext {
    return this.#context;
  }

  tell(event: DeviceEvent): void {
    this.#options.tell(event);
  }

  /**
   * A device in place of one that failed: the one in use if that is another already.
   *
   * @param cause of the failure.
   * @throws BackendError `webgpu-device-lost` if there were enough tries, `webgpu-device-changed` if another came.
   */
  async replace(failed: DeviceContext, cause: BackendError): Promise<DeviceContext> {
    if (failed !== this.#context) return this.#context;
    this.#replacing ??= this.#replace(failed, cause).finally(() => (this.#replacing = undefined));
    return this.#replacing;
  }

  async #replace(failed: DeviceContext, cause: BackendError): Promise<DeviceContext> {
    // It may only have failed to answer.
    failed.device.destroy();
    let last: unknown;
    for (let tried = 0; ; tried++) {
      this.#begin(cause, last);
      if (tried === 0) this.tell({ kind: 'lost', sentence: `${cause.message}; asking for it again` });
      await this.#pause(PAUSES_MS[tried]);
      let opened: OpenedDevice;
      try {
        opened = await this.#open();
      } catch (error) {
        last = error;
        continue;
      }
      this.#requireSame(opened);
      this.#context = new DeviceContext(opened.device);
      return this.#context;
    }
  }

  /** Counts a try. @throws BackendError if it would be one too many. */
  #begin(cause: BackendError, last: unknown): void {
    const now = this.#options.now();
    this.#tries = this.#tries.filter((at) => now - at < WITHIN_MS);
    if (this.#tries.length >= MOST_TRIES) {
      const why = last === undefined ? '' : `, and it does not come back: ${textOf(last)}`;
      const often = `${MOST_TRIES} times in ${WITHIN_MS / 60_000} minutes`;
      throw webgpuError('webgpu-device-lost', `${cause.message}; it was asked for again ${often}${why}`, cause);
    }
    this.#tries.push(now);
  }

  #pause(ms: number): Promise<void> | undefined {
    if (ms === 0) return undefined;
    return new Promise((resolve) => void this.#options.after(ms, resolve));
  }

  /** @throws Error if there is none, or none in time. */
  async #open(): Promise<OpenedDevice> {
    const opening = this.#options.open();
    let isLate = false;
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#options.after(TRY_MS, () => {
        isLate = true;
        reject(new Error(`the driver did not answer for ${TRY_MS / 1000} s`));
      });
    });
    const free = ({ device }: OpenedDevice) => {
      if (isLate) device.destroy();
    };
    opening.then(free).catch(() => undefined);
    try {
      return await Promise.race([opening, late]);
    } finally {
      cancel();
    }
  }

  /** @throws BackendError `webgpu-device-changed` */
  #requireSame({ device, facts }: OpenedDevice): void {
    const names = new Set([...Object.keys(this.facts), ...Object.keys(facts)]);
    const other = [...names].find((name) => facts[name] !== this.facts[name]);
    if (other === undefined) return;
    device.destroy();
    const change = `its ${other} is ${shown(facts[other])}, not ${shown(this.facts[other])}`;
    throw webgpuError('webgpu-device-changed', `the GPU came back as another one, with other bits: ${change}`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Of a driver's texts as much as a sentence bears. */
function shown(text: string | undefined): string {
  if (text === undefined) return 'not told';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
