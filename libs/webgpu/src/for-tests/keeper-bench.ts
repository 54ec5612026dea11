/** A keeper of fake devices, whose clock and driver a test plays. */
import type { DeviceEvent } from '@gradcast/engine';
import { DeviceKeeper } from '../device-keeper.ts';
import type { OpenedDevice } from '../device-keeper.ts';
import { FakeDevice } from './fake-device.ts';

interface Timer {
  readonly ms: number;
  readonly callback: () => void;
}

export class KeeperBench {
  keeper!: DeviceKeeper;
  readonly devices: FakeDevice[] = [];
  readonly told: DeviceEvent[] = [];
  readonly clock = { now: 0 };
  /** What the driver says to the next ones that ask. */
  failures: string[] = [];
  hangs = false;
  facts: OpenedDevice['facts'] = { device: 'gpu:a', features: 'f16' };
  /** Of each device that is made. */
  prepare: (device: FakeDevice) => void = () => {};
  readonly #timers = new Set<Timer>();
  #late: (() => void)[] = [];

  static async start(prepare: (device: FakeDevice) => void = () => {}): Promise<KeeperBench> {
    const bench = new KeeperBench();
    bench.prepare = prepare;
    bench.keeper = await DeviceKeeper.start({
      open: () => bench.#open(),
      now: () => bench.clock.now,
      after: (ms, callback) => {
        const timer = { ms, callback };
        bench.#timers.add(timer);
        return () => void bench.#timers.delete(timer);
      },
      tell: (event) => void bench.told.push(event),
    });
    return bench;
  }

  /** Milliseconds that are being waited. */
  get waits(): number[] {
    return [...this.#timers].map(({ ms }) => ms);
  }

  get device(): FakeDevice {
    return this.devices.at(-1)!;
  }

  /** Lets so many milliseconds pass that something waits for, once it does. */
  async ring(ms: number): Promise<void> {
    for (let turn = 0; turn < 50 && !this.waits.includes(ms); turn++) await Promise.resolve();
    const timer = [...this.#timers].find((each) => each.ms === ms);
    if (!timer) throw new Error(`nobody waits ${ms} ms, but ${this.waits.join(', ')}`);
    this.#timers.delete(timer);
    this.clock.now += ms;
    timer.callback();
  }

  /** What did not answer does. */
  async answerLate(): Promise<void> {
    for (const answer of this.#late.splice(0)) answer();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  async #open(): Promise<OpenedDevice> {
    if (this.hangs) await new Promise<void>((resolve) => this.#late.push(resolve));
    const failure = this.failures.shift();
    if (failure !== undefined) throw new Error(failure);
    const device = new FakeDevice();
    this.prepare(device);
    this.devices.push(device);
    return { device: device.gpu, facts: this.facts };
  }
}
