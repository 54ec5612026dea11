/**
 * A run under faults: a coordinator, workers, and between them a proxy that makes the faults happen. It ends with both
 * hashes of the undisturbed run and a ledger that proves every sample used once, or the test fails.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  aftermath,
  COORDINATOR,
  FaultProxy,
  hashesOf,
  median,
  readLedgerSteps,
  readSummary,
  runsIn,
} from '@gradcast/testing';
import type { Aftermath, GradcastProcess, Hashes, PlannedFault, Summary, Workbench } from '@gradcast/testing';
import { expect, inject } from 'vitest';

/**
 * Sixteen images to a micro-batch, eight micro-batches to a step, or four where computing is slow: a few steps a second on
 * one core.
 */
const NUMBERS = {
  tensorflow: '--preset dcgan --seed 3 --global-batch 128 --micro-batches 8 --no-samples',
  wasm: '--preset dcgan --seed 3 --global-batch 64 --micro-batches 4 --no-samples',
};
type Backend = keyof typeof NUMBERS;

/**
 * Lengths of runs. The faults of most are over by step 9; `long` is for faults that last for seconds, and `longest` where
 * processes start or stand still while the run goes on. Few lengths, because each has an undisturbed run of its own.
 */
export const STEPS = { short: 12, long: 24, longest: 40 };

export interface Play {
  readonly bench: Workbench;
  /** Folder of the run, and its name in messages. */
  readonly out: string;
  readonly steps: number;
  /** Workers that are there from the beginning. */
  readonly workers: readonly string[];
  readonly faults?: readonly PlannedFault[];
  /** Options of the coordinator. */
  readonly flags?: string;
  readonly backend?: Backend;
  /** What workers compute with, if not what the undisturbed run does. */
  readonly workersBackend?: Backend;
  /** Of the coordinator's process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a run of one worker and no fault ends with; trained by the first test that asks, whatever its file. */
async function undisturbed({ bench, steps, backend = 'tensorflow' }: Play): Promise<Hashes> {
  const path = join(inject('references'), `${backend}-${steps}.json`);
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Hashes;
  const out = `undisturbed-${backend}-${steps}`;
  const { code, stderr } = await bench.run(
    `train ${NUMBERS[backend]} --steps ${steps} --backend ${backend} --workers 1 --out ${out}`,
  );
  expect(code, stderr).toBe(0);
  const [run] = await runsIn(bench.path(out));
  const hashes = hashesOf(await readSummary(run));
  await writeFile(`${path}.${process.pid}`, JSON.stringify(hashes));
  await rename(`${path}.${process.pid}`, path);
  return hashes;
}

export class Scene {
  readonly proxy: FaultProxy;
  readonly #play: Play;
  readonly #undisturbed: Hashes;
  readonly #workers = new Map<string, GradcastProcess>();
  #coordinator: GradcastProcess;
  #url = '';

  private constructor(play: Play, undisturbedHashes: Hashes, proxy: FaultProxy) {
    this.#play = play;
    this.#undisturbed = undisturbedHashes;
    this.proxy = proxy;
    this.#coordinator = play.bench.start(coordinatorArguments(play, '0'), play.environment);
  }

  /** Starts all; workers are let in once they are all there, so that the first steps know them all. */
  static async start(play: Play): Promise<Scene> {
    const hashes = await undisturbed(play);
    let scene: Scene | undefined = undefined as Scene | undefined;
    const proxy = await FaultProxy.start({ faults: play.faults, pidOf: (party) => scene!.pidOf(party) });
    scene = new Scene(play, hashes, proxy);
    for (const name of play.workers) scene.addWorker(name);
    await scene.#listening();
    await proxy.moments.until(
      'all workers at the door',
      () => proxy.moments.all.filter(({ kind }) => kind === 'knocked').length >= play.workers.length,
    );
    proxy.target = scene.#url;
    return scene;
  }

  get coordinator(): GradcastProcess {
    return this.#coordinator;
  }

  worker(name: string): GradcastProcess {
    const found = this.#workers.get(name);
    if (!found) throw new Error(`there is no worker ${name}`);
    return found;
  }

  /** The process of a party that computes or coordinates, not the command that started it. */
  pidOf(party: string): number {
    return party === COORDINATOR ? this.#coordinator.child('coordinator').pid : this.worker(party).child('worker').pid;
  }

  addWorker(name: string): GradcastProcess {
    const { bench, backend = 'tensorflow', workersBackend = backend } = this.#play;
    const args = `worker --coordinator ${this.proxy.url} --backend ${workersBackend} --name ${name} --reconnect-seconds 60`;
    const worker = bench.start(args);
    this.#workers.set(name, worker);
    return worker;
  }

  /** Starts the coordinator, which is gone, again at the same address. @returns the step it goes on from. */
  async restartCoordinator(): Promise<number> {
    await this.#coordinator.ended();
    const { port } = new URL(this.#url);
    this.#coordinator = this.#play.bench.start(coordinatorArguments(this.#play, port), this.#play.environment);
    const { resumedFromStep } = await this.#listening();
    expect(resumedFromStep).not.toBe(null);
    return resumedFromStep!;
  }

  /** Resolves when a step is closed. */
  async closed(step: number): Promise<void> {
    await this.proxy.moments.until(`step ${step}`, (moment) => moment.kind === 'average' && moment.step >= step);
  }

  /** Resolves when a worker was welcomed. */
  async joined(worker: string): Promise<void> {
    await this.proxy.moments.until(worker, (moment) => moment.kind === 'joined' && moment.worker === worker);
  }

  async folder(): Promise<string> {
    const runs = await runsIn(this.#play.bench.path(this.#play.out));
    expect(runs).toHaveLength(1);
    return runs[0];
  }

  get checkpoints(): Promise<string> {
    return this.folder().then((run) => join(run, 'checkpoints'));
  }

  /** Waits for the run's end and holds it against the undisturbed one. */
  async endsLikeUndisturbed(): Promise<Summary> {
    const { bench, steps } = this.#play;
    const { code, stderr } = await this.#coordinator.ended();
    expect(code, stderr).toBe(0);
    const run = await this.folder();
    const summary = await readSummary(run);
    expect(summary).toMatchObject({ status: 'completed', steps });
    expect(hashesOf(summary), this.#coordinator.output).toEqual(this.#undisturbed);
    const verified = await bench.run(['verify', run]);
    expect(verified, verified.stderr).toMatchObject({ code: 0 });
    expect(verified.stdout).toContain(`verified: ${steps} steps, each closed once`);
    return summary;
  }

  /** Every planned fault has happened; how long each was felt. */
  async felt(): Promise<Aftermath[]> {
    const fired = await Promise.all((this.#play.faults ?? []).map((fault) => this.proxy.fired(fault, 1)));
    return fired.map(({ at }, index) => {
      return aftermath(this.proxy.moments.all, { at, party: this.#play.faults![index].party });
    });
  }

  /** Median milliseconds from a lease to its result. */
  async medianLeaseMs(): Promise<number> {
    const steps = await readLedgerSteps(await this.folder());
    return median(steps.flatMap(({ results }) => results.map(({ ms }) => ms)));
  }

  async #listening() {
    const listening = await this.#coordinator.event('listening');
    this.#url = listening.url;
    if (this.#play.faults?.some(({ phase }) => phase === 'checkpoint')) {
      this.proxy.watchCheckpoints(await this.checkpoints);
    }
    return listening;
  }
}

function coordinatorArguments({ out, steps, flags = '', backend = 'tensorflow' }: Play, port: string): string[] {
  const run = `coordinator ${NUMBERS[backend]} --steps ${steps} --json --log-interval 1 --out ${out} --resume auto`;
  return `${run} --port ${port} --metrics-port 0 ${flags}`.trim().split(/ +/);
}
