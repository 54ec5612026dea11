/** `gradcast report`, and the report that each run leaves in its folder. */
import { join, resolve } from 'node:path';
import { RunError } from '@gradcast/files';
import { printable } from '@gradcast/protocol';
import { REPORT } from '@gradcast/run-folder';
import { EXIT_DONE } from '../exit-codes.ts';
import { assertPlace, writeOutputFile } from '../outputs/place.ts';
import type { Watching } from '../watch/watching.ts';
import { reportPage } from './report-page.ts';
import { readRunRecord } from './run-record.ts';

export interface ReportRequest {
  /** Run folder. */
  readonly run: string;
  /** Null for `report.html` in the run's folder. */
  readonly output: string | null;
  readonly json: boolean;
}

/** What every report is made with. */
export interface ReportMaker {
  /** Of Gradcast. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Writes the report of a run into its folder.
 *
 * @returns its path; null if there is no run.
 * @throws OutputError; an error of the system.
 */
export async function writeReport(run: string, maker: ReportMaker): Promise<string | null> {
  try {
    return await write(run, join(run, REPORT), maker);
  } catch (error) {
    if (error instanceof RunError && error.code === 'run-missing') return null;
    throw error;
  }
}

/** @throws RunError `run-missing`; OutputError; an error of the system. */
export async function runReport(
  { run, output, json }: ReportRequest,
  { stdout, clock }: Pick<Watching, 'stdout' | 'clock'>,
  version: string,
): Promise<number> {
  const to = output === null ? join(run, REPORT) : output;
  const path = await write(run, to, { version, now: clock.now });
  stdout.write(json ? `${JSON.stringify({ type: 'report', path })}\n` : `${printable(path, 4000)}\n`);
  return EXIT_DONE;
}

async function write(run: string, to: string, { version, now }: ReportMaker): Promise<string> {
  const record = await readRunRecord(run, now());
  const path = resolve(to);
  await assertPlace(path, 'file');
  const page = await reportPage(record, version);
  await writeOutputFile(path, [new TextEncoder().encode(page)]);
  return to;
}
