import { EXAMPLE } from '@gradcast/definition/example';
import { describe, expect, it } from 'vitest';
import { RunControl } from './control.ts';
import { finish } from './finish.ts';
import type { RunContext } from './context.ts';

/** A run whose last checkpoint is safe after so many tries. */
function context(safeAfter: number) {
  const notices: string[] = [];
  const told: string[] = [];
  let tries = 0;
  const control = new RunControl();
  control.apply({ kind: 'ready' });
  control.apply({ kind: 'end' });
  const written: { status: string }[] = [];
  const model = { parameters: { length: 0 } };
  const vectors = Object.fromEntries(
    ['parameters', 'slots', 'ema', 'running', 'scalars'].map((name) => [
      name,
      name === 'slots' ? [new Float32Array(1)] : new Float32Array(1),
    ]),
  );
  const under = {
    options: { control, config: { sampleEvery: null } },
    prepared: {
      definition: EXAMPLE,
      state: { version: 4, position: 16, vectors, model },
      totalSteps: 4,
      beginning: {
        folder: { path: '/', id: 'r', writeSummary: (summary: { status: string }) => written.push(summary) },
      },
    },
    services: {
      saving: { now: () => Promise.resolve(++tries > safeAfter) },
      fleet: { dismiss: (sentence: string) => Promise.resolve(void told.push(sentence)) },
      telemetry: {
        notice: (sentence: string) => notices.push(sentence),
        writeQuality: () => undefined,
        throughput: { measured: { seconds: 1 }, overall: 1 },
        used: { count: 1 },
        phases: { summary: null },
      },
      outputs: { grid: null, scores: null },
      evaluations: { newest: null },
    },
  } as unknown as RunContext;
  return { under, notices, told, written };
}

describe('the end of a run', () => {
  it('is completed once its last state is safe, also if a thread died under the first try', async () => {
    const { under, notices, told, written } = context(1);
    expect(await finish(under)).toMatchObject({
      status: 'completed',
    });
    expect([notices, told, written.length]).toEqual([[], ['the run is complete'], 1]);
  });

  it('is not called completed if its last state was never saved, and nobody is sent home', async () => {
    const { under, notices, told, written } = context(Infinity);
    const { status } = await finish(under);
    expect(status).toBe('failed');
    expect(notices).toEqual([expect.stringMatching(/last checkpoint could not be written/)]);
    expect([told, written[0].status]).toEqual([[], 'failed']);
  });
});
