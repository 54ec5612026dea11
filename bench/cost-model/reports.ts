/** What the model of cost reads of the reports of `bench:hub` and `bench:runs`. */
import { readFile } from 'node:fs/promises';
import { BenchmarkError } from '../harness/errors.ts';
import type { MachineDescription } from '../harness/machine.ts';
import type { MeasuredRun } from '../runs.ts';

/** One number of workers with one codec. */
export interface HubResult {
  readonly workers: number;
  readonly codec: string;
  readonly coordinator: {
    readonly msPerStep: number;
    readonly bytesPerStep: number;
    readonly cpuMsPerStep: number;
    /** Absent where the system does not count it. */
    readonly mainCpuMsPerStep?: number;
  };
}

export interface HubReport {
  readonly machine: MachineDescription;
  readonly results: readonly HubResult[];
}

export interface RunsReport {
  readonly machine: MachineDescription;
  readonly runs: readonly MeasuredRun[];
}

/** @throws BenchmarkError if the file is none. */
export function readHubReport(path: string): Promise<HubReport> {
  return reportAt<HubReport>(path, 'results', 'bench:hub');
}

/** @throws BenchmarkError if the file is none. */
export function readRunsReport(path: string): Promise<RunsReport> {
  return reportAt<RunsReport>(path, 'runs', 'bench:runs');
}

async function reportAt<T>(path: string, member: keyof T & string, command: string): Promise<T> {
  try {
    const report = JSON.parse(await readFile(path, 'utf8')) as T;
    if (Array.isArray(report[member])) return report;
  } catch {
    // Said below, whatever it was.
  }
  throw new BenchmarkError(`${path} is not what ${command} printed`, { exitCode: 2 });
}
