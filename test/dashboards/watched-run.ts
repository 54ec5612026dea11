/**
 * A real run as Prometheus sees it: two workers, one of which is killed, samples that are drawn and scored, and a driver of a GPU
 * that is made up, since few machines have one. A real Prometheus scrapes each second, with the rules of deploy/prometheus.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Prometheus, repository, runsIn } from '@gradcast/testing';
import type { GradcastProcess, Workbench } from '@gradcast/testing';

/** Far more steps than fit; the run is ended. */
const STEPS = 1_000_000;
/** On busy cores one evaluation takes minutes. */
const EVALUATION_SECONDS = 900;
const rules = ['recording.yml', 'alerts.yml'].map((name) => join(repository, 'deploy', 'prometheus', name));

/** What `nvidia-smi` prints for a GPU in use. */
const DRIVER = '#!/bin/sh\ncase "$1" in --query-gpu=*) echo "0, 37, 10240, 81559" ;; *) exit 6 ;; esac\n';

export class WatchedRun {
  readonly prometheus: Prometheus;
  readonly metricsUrl: string;
  readonly #bench: Workbench;
  readonly #run: GradcastProcess;

  private constructor(bench: Workbench, run: GradcastProcess, seen: { prometheus: Prometheus; metricsUrl: string }) {
    this.#bench = bench;
    this.#run = run;
    this.prometheus = seen.prometheus;
    this.metricsUrl = seen.metricsUrl;
  }

  /** Starts a run, and Prometheus; returns once a step has closed. */
  static async start(bench: Workbench): Promise<WatchedRun> {
    await writeFile(bench.path('nvidia-smi'), DRIVER);
    await chmod(bench.path('nvidia-smi'), 0o755);
    const run = bench.start(
      `train --preset mnist --workers 2 --steps ${STEPS} --save-seconds 10 --sample-every 5 --evaluate-every 5 --evaluate-count 1000 --backend wasm --log-interval 1 --json --out runs`,
      { PATH: `${bench.folder}:${process.env['PATH'] ?? ''}` },
    );
    const { metricsUrl } = await run.event('listening');
    const prometheus = await Prometheus.start(bench.folder, new URL(metricsUrl).host, rules);
    await run.step(1);
    return new WatchedRun(bench, run, { prometheus, metricsUrl });
  }

  /** Resolves with the first progress told so many seconds from now. */
  async train(seconds: number): Promise<void> {
    const until = Date.now() + seconds * 1000;
    let { step } = await this.#run.step(1);
    while (Date.now() < until) ({ step } = await this.#run.step(step + 1));
  }

  /**
   * Kills one of the workers, which is started again; resolves once Prometheus has seen series of the other alone. Its list of targets
   * may miss what lasts a second or two: it is read anew every five seconds at most.
   */
  async killWorker(): Promise<void> {
    process.kill(this.#run.child('worker').pid, 'SIGKILL');
    await this.#until('min_over_time(count(count by (worker) (gradcast_worker_images_total))[30s:1s]) == 1', 60);
  }

  /** Pauses the run, so that scoring has the processor to itself, and waits for the scores. */
  async score(): Promise<void> {
    const paused = await this.#bench.run(`pause ${await this.folder()}`);
    if (paused.code !== 0) throw new Error(paused.stderr);
    await this.#until('gradcast_quality', EVALUATION_SECONDS);
  }

  async folder(): Promise<string> {
    return (await runsIn(this.#bench.path('runs')))[0];
  }

  /** Names of what the recording rules record. */
  static async recorded(): Promise<string[]> {
    const text = await readFile(rules[0], 'utf8');
    return [...text.matchAll(/- record: (\S+)/g)].map(([, name]) => name);
  }

  /** Resolves when an expression has an answer. */
  async #until(expression: string, seconds: number): Promise<void> {
    const limit = Date.now() + seconds * 1000;
    while ((await this.prometheus.query(expression)).length === 0) {
      if (Date.now() > limit) throw new Error(`no ${expression} within ${seconds} s; ${this.#run.output}`);
      // As often as Prometheus itself looks.
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
