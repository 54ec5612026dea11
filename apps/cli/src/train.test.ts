import type { ChildMessage, Summary } from '@gradcast/config';
import { resolveCoordinator } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { Child } from './child.ts';
import { Reporter } from './reporter.ts';
import { runCoordinator } from './train.ts';

const LISTENING = { type: 'listening', url: 'ws://h:1', localUrl: 'ws://h:1', metricsUrl: 'http://h:2' } as const;
const SUMMARY = {
  status: 'completed',
  runFolder: 'runs/a',
  seconds: 1,
  imagesPerSecond: 2,
  samples: null,
  scores: null,
};

/** A coordinator that says this and ends; what the command prints of it, and of which folders it wanted a report. */
async function ran(messages: readonly object[], report: (run: string) => Promise<string | null>) {
  const wanted: string[] = [];
  const said = { out: '', err: '' };
  const streams = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
  };
  const exitCode = await runCoordinator(
    resolveCoordinator(['--json'], { environment: {}, cores: 1, hostname: 'h' }),
    {
      reporter: new Reporter({ ...streams, now: () => 0, json: true, progress: false, logInterval: 1 }),
      report: (run) => {
        wanted.push(run);
        return report(run);
      },
      start: ({ onMessage }): Child => {
        const ended = Promise.resolve().then(() => {
          for (const message of messages) onMessage(message as ChildMessage);
          return { code: 0, signal: null };
        });
        return { stop: () => undefined, tell: () => undefined, kill: () => undefined, ended };
      },
      now: () => 0,
      delay: () => () => undefined,
      onSignal: () => () => undefined,
    },
    () => 'secret',
  );
  const lines = said.out.split('\n').filter(Boolean);
  return { exitCode, wanted, err: said.err, types: lines.map((line) => (JSON.parse(line) as { type: string }).type) };
}

const begun = { ...LISTENING, runFolder: 'runs/a', resumedFromStep: null, totalSteps: 5 };
const finished = { type: 'finished', summary: SUMMARY as unknown as Summary, exitCode: 0 };

describe('the report at the end of a run', () => {
  it('is written when all is over, and named before the summary', async () => {
    const { wanted, types } = await ran([begun, finished], () => Promise.resolve('runs/a/report.html'));
    expect(wanted).toEqual(['runs/a']);
    expect(types).toEqual(['listening', 'report', 'summary']);
  });

  it('is written of a run that failed, and of none that never began', async () => {
    const failed = { type: 'failed', code: 'redo-mismatch', sentence: 'no', exitCode: 1 };
    expect(await ran([begun, failed], () => Promise.resolve(null))).toMatchObject({ exitCode: 1, wanted: ['runs/a'] });
    expect(await ran([failed], () => Promise.resolve(null))).toMatchObject({ exitCode: 1, wanted: [] });
    expect((await ran([begun], () => Promise.resolve(null))).wanted).toEqual(['runs/a']);
  });

  it('is missed in a sentence where it cannot be written, and the run has completed all the same', async () => {
    const { exitCode, types, err } = await ran([begun, finished], () => Promise.reject(new Error('the disk is full')));
    expect(exitCode).toBe(0);
    expect(types).toEqual(['listening', 'summary']);
    expect(err).toMatch(/^no report: the disk is full$/m);
  });
});
