/** A real Prometheus server for a test, scraping each second, and questions to it. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadPort } from './fake-servers.ts';

const prometheus = process.env['TEST_PROMETHEUS'] ?? '/usr/bin/prometheus';
const promtool = process.env['TEST_PROMTOOL'] ?? '/usr/bin/promtool';

/** Whether both programs of the Debian package `prometheus` are installed. */
export const hasPrometheus = [prometheus, promtool].every((program) => spawnSync(program, ['--version']).status === 0);

/** One series of an answer: `value` for an instant, `values` for a range, each as seconds since 1970 and a number. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

const STARTED = 'Server is ready to receive web requests';
const START_SECONDS = 30;
const STOP_SECONDS = 10;

export class Prometheus {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /**
   * Starts a server that scrapes a coordinator, and the workers that its `/targets` names, each second, and evaluates rules as often.
   *
   * @param folder where configuration and data go.
   * @param coordinator `host:port` of the coordinator's metrics.
   * @param rules files of rules.
   * @throws Error with the server's log if it does not start within 30 s.
   */
  static async start(folder: string, coordinator: string, rules: readonly string[] = []): Promise<Prometheus> {
    const config = join(folder, 'prometheus.json');
    const jobs = [
      { job_name: 'coordinator', static_configs: [{ targets: [coordinator] }] },
      { job_name: 'worker', http_sd_configs: [{ url: `http://${coordinator}/targets`, refresh_interval: '1s' }] },
    ];
    const global = { scrape_interval: '1s', evaluation_interval: '1s' };
    await writeFile(config, JSON.stringify({ global, rule_files: rules, scrape_configs: jobs }));
    const address = `127.0.0.1:${await deadPort()}`;
    const child = spawn(
      prometheus,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'prometheus')}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await started(child);
    return new Prometheus(child, `http://${address}`);
  }

  /** Evaluates an expression at an instant, now by default. @throws Error with Prometheus' own words if it cannot. */
  query(expression: string, atSeconds?: number): Promise<Series[]> {
    return this.#ask('query', expression, atSeconds === undefined ? {} : { time: String(atSeconds) });
  }

  /** Evaluates an expression each second from one time to another. @throws Error with Prometheus' own words if it cannot. */
  range(expression: string, from: number, to: number): Promise<Series[]> {
    return this.#ask('query_range', expression, { start: String(from), end: String(to), step: '1' });
  }

  async #ask(path: string, expression: string, when: Readonly<Record<string, string>>): Promise<Series[]> {
    const parameters = new URLSearchParams({ query: expression, ...when });
    const response = await fetch(`${this.#url}/api/v1/${path}?${parameters.toString()}`);
    const answer = (await response.json()) as { status: string; error?: string; data: { result: Series[] } };
    if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error ?? response.statusText}`);
    return answer.data.result;
  }

  /** Stops the server and waits until it is gone. */
  stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_SECONDS * 1000);
      this.#child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#child.kill('SIGTERM');
    });
  }
}

/** What promtool finds wrong with a text of metrics; empty if nothing. */
export function lintMetrics(exposition: string): string {
  const { stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: exposition, encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const settle = (act: () => void) => {
      clearTimeout(timer);
      child.off('error', onError).off('exit', onExit);
      child.stderr?.off('data', onLog).resume();
      act();
    };
    const give = (why: string) => {
      settle(() => reject(new Error(`prometheus ${why}: ${log}`)));
      child.kill('SIGKILL');
    };
    const onError = (error: Error) => give(`could not be started (${error.message})`);
    const onExit = () => give('ended');
    const onLog = (text: string) => {
      log += text;
      if (log.includes(STARTED)) settle(resolve);
    };
    const timer = setTimeout(() => give(`was not ready within ${START_SECONDS} s`), START_SECONDS * 1000);
    child.on('error', onError).on('exit', onExit);
    child.stderr?.setEncoding('utf8').on('data', onLog);
  });
}
