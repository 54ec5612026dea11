/** The processes of a chaos run: one coordinator, some workers, a proxy between them; whoever ends is replaced. */
import { FaultProxy, Workbench } from '@gradcast/testing';
import type { GradcastProcess } from '@gradcast/testing';

/** Sixteen images to a micro-batch, four micro-batches to a step. */
export const NUMBERS =
  '--preset dcgan --seed 3 --global-batch 64 --micro-batches 4 --no-samples --log-interval 1000 --json';

/** More steps than any chaos lasts. */
const ENDLESS = 10_000_000;
/** A process of a run may take hours; only its silence at the end is bounded. */
const LONG_SECONDS = 86_400;

/** What sets one cast apart from another. */
export interface CastOptions {
  /** More options of the coordinator; `coordinatorEnv` and `workerEnv` are added to their environments. */
  readonly flags?: string;
  readonly coordinatorEnv?: Readonly<Record<string, string>>;
  readonly workerEnv?: Readonly<Record<string, string>>;
  /** What runs a worker's command, such as `nice`. */
  readonly workersWithin?: readonly string[];
}

export class Cast {
  readonly bench: Workbench;
  readonly proxy: FaultProxy;
  /** Ends that nobody asked for, in words. */
  readonly surprises: string[] = [];
  readonly #options: CastOptions;
  readonly #workers = new Map<string, GradcastProcess>();
  readonly #doomed = new WeakSet<GradcastProcess>();
  #coordinator: GradcastProcess | undefined;
  #isUp = false;
  #port = '0';
  #count = 0;
  #isOver = false;

  private constructor(bench: Workbench, proxy: FaultProxy, options: CastOptions) {
    this.bench = bench;
    this.proxy = proxy;
    this.#options = options;
  }

  static async create(options: CastOptions = {}): Promise<Cast> {
    return new Cast(await Workbench.create(), await FaultProxy.start(), options);
  }

  /** Workers whose process runs. */
  get workers(): readonly string[] {
    return [...this.#workers.keys()];
  }

  /** Whether a coordinator listens. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Starts a worker with a name of its own. */
  addWorker(): void {
    if (this.#isOver) return;
    const name = `w${++this.#count}`;
    const args = `worker --coordinator ${this.proxy.url} --backend tensorflow --name ${name}`;
    const worker = this.bench.start(args, this.#options.workerEnv, this.#options.workersWithin);
    this.#workers.set(name, worker);
    void worker.ended(LONG_SECONDS).then(({ code, stderr }) => {
      this.#workers.delete(name);
      if (!this.#isOver && !this.#doomed.has(worker)) this.surprises.push(`worker ${name} ended (${code}): ${stderr}`);
    });
  }

  /** Starts the coordinator, or starts it again, and waits until it listens. */
  async startCoordinator(steps = ENDLESS): Promise<void> {
    const { flags = '', coordinatorEnv } = this.#options;
    const args = `${NUMBERS} --steps ${steps} --out chaos --resume auto --metrics-port 0 --port ${this.#port} ${flags}`;
    const coordinator = this.bench.start(`coordinator ${args}`.trimEnd(), coordinatorEnv);
    this.#coordinator = coordinator;
    const { url } = await coordinator.event('listening');
    this.#port = new URL(url).port;
    this.proxy.target = url;
    this.#isUp = true;
    void coordinator.ended(LONG_SECONDS).then(({ code, stderr }) => {
      this.#isUp = false;
      if (steps === ENDLESS && !this.#doomed.has(coordinator))
        this.surprises.push(`the coordinator ended (${code}): ${stderr}`);
    });
  }

  get coordinator(): GradcastProcess {
    if (!this.#coordinator) throw new Error('there is no coordinator yet');
    return this.#coordinator;
  }

  /** The process that coordinates, or that computes for a worker; undefined if it is just ending. */
  pidOf(worker?: string): number | undefined {
    const [command, entry] =
      worker === undefined ? [this.coordinator, 'coordinator'] : [this.#workers.get(worker), 'worker'];
    return command?.children.find((child) => child.command.includes(`${entry}.mjs`))?.pid;
  }

  /** Expects a process to end. */
  doom(worker?: string): GradcastProcess {
    const process_ = worker === undefined ? this.coordinator : this.#workers.get(worker)!;
    this.#doomed.add(process_);
    if (worker === undefined) this.#isUp = false;
    return process_;
  }

  /** Kills what is left and removes the folder. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.proxy.close();
    await this.bench.remove();
  }

  /** From here on every end is expected. */
  over(): void {
    this.#isOver = true;
  }
}
