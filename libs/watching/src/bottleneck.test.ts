import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bottleneckOf } from './bottleneck.ts';
import type { BottleneckFacts, BottleneckKind } from './bottleneck.ts';
import { PHASES, sumPhases } from './phases.ts';
import type { PhaseName } from './phases.ts';

/** Seconds of some phases, those of others 0. */
function phasesOf(some: Partial<Record<PhaseName, number>>) {
  return { ...sumPhases([]), ...some };
}

/** Workers by name: micro-batches that were used, and seconds of their leases. */
function workersOf(by: Readonly<Record<string, readonly [leaves: number, seconds: number]>>) {
  return Object.entries(by).map(([name, [leaves, seconds]]) => ({ name, leaves, seconds }));
}

const TWO = workersOf({ a: [2, 10], b: [2, 10] });

function find(some: Partial<Record<PhaseName, number>>, change: Partial<BottleneckFacts> = {}) {
  return bottleneckOf({ phases: phasesOf(some), workers: TWO, leaves: 8, ...change });
}

describe('what holds a run back', () => {
  it('is nothing but computing in a run that does well, and more workers help', () => {
    expect(find({ compute: 90, network: 6, adding: 4 })).toEqual({
      kind: 'compute',
      sentence: 'Workers compute 90 % of the time: more workers, up to 8, make it faster (--workers, gradcast worker).',
    });
    expect(find({ compute: 1 }, { workers: [], leaves: NaN }).sentence).toBe(
      'Workers compute 100 % of the time: more workers make it faster (--workers, gradcast worker).',
    );
  });

  it('is the number of micro-batches where each has a worker', () => {
    const { kind, sentence } = find({ compute: 90, network: 10 }, { leaves: 2 });
    expect([kind, sentence]).toEqual([
      'leaves',
      'Workers compute 90 % of the time, but a step has only 2 micro-batches for 2 workers: ' +
        "more --micro-batches would help, which changes the run's numbers.",
    ]);
    const idle = workersOf({ a: [2, 10], b: [2, 10], c: [0, 0] });
    expect(find({ compute: 9 }, { workers: idle, leaves: 2 }).sentence).toContain('only 2 micro-batches for 3 workers');
    expect(find({ compute: 9 }, { leaves: 3 }).kind).toBe('compute');
  });

  it('is the number of micro-batches where they do not share out evenly', () => {
    const three = workersOf({ a: [2, 10], b: [1, 5], c: [1, 5] });
    const { kind, sentence } = find({ compute: 50, straggler: 50 }, { workers: three, leaves: 4 });
    expect(kind).toBe('leaves');
    expect(sentence).toBe(
      '50 % of the time all wait for the last worker, since 4 micro-batches do not share out evenly among 3 workers: ' +
        "more --micro-batches would help, which changes the run's numbers.",
    );
    // With many of them one more or less is little.
    expect(find({ compute: 50, straggler: 50 }, { workers: three, leaves: 16 }).kind).toBe('straggler');
    expect(find({ compute: 50, straggler: 50 }, { leaves: 4 }).kind).toBe('straggler');
  });

  it('is the coordinator', () => {
    const { kind, sentence } = find({ compute: 60, adding: 25, optimizer: 10, reduce: 5 });
    expect([kind, sentence]).toEqual([
      'hub',
      'The coordinator itself takes 40 % of the time, adding results and making averages: ' +
        'a larger --global-batch with as many --micro-batches gives workers more to compute for each vector, ' +
        "which changes the run's numbers.",
    ]);
    expect(find({ compute: 60, other: 30, adding: 10 })).toEqual({
      kind: 'hub',
      sentence:
        'The coordinator itself takes 40 % of the time, mostly for records, checkpoints and samples: ' +
        '--save-seconds, --sample-every, --evaluate-every and --log-interval make that rarer.',
    });
  });

  it.each([
    [undefined, '--codec f16 makes them half as large, int8 a quarter'],
    ['f32', '--codec f16 makes them half as large, int8 a quarter'],
    ['bf16', '--codec int8 halves them again'],
    ['int8', 'a larger --global-batch'],
  ])('is the network, with codec %s', (codec, flag) => {
    const { kind, sentence } = find({ compute: 60, network: 40 }, { codec });
    expect(kind).toBe('network');
    expect(sentence).toContain('Vectors are under way 40 % of the time');
    expect(sentence).toContain(flag);
    expect(sentence).toContain("changes the run's numbers");
  });

  it('is one worker, by name, or the last one whoever it is', () => {
    const workers = workersOf({ a: [4, 10], b: [4, 11], slow: [1, 8] });
    expect(find({ compute: 60, straggler: 40 }, { workers })).toEqual({
      kind: 'straggler',
      sentence:
        '40 % of the time all wait for the last worker, mostly slow, which takes 2.9 times as long for a micro-batch: ' +
        'gradcast drain leaves its part to the others.',
    });
    const alike = workersOf({ a: [4, 10], b: [4, 14.9] });
    expect(find({ compute: 60, straggler: 40 }, { workers: alike }).sentence).toContain(
      'though none is much slower than the others: more --micro-batches',
    );
    expect(find({ compute: 60, straggler: 40 }, { workers: workersOf({ a: [4, 10], b: [4, 15] }) }).sentence).toContain(
      'mostly b',
    );
    expect(find({ compute: 60, straggler: 40 }, { workers: [], leaves: NaN }).sentence).toContain(
      'last worker: more --',
    );
  });

  it('is too few workers', () => {
    expect(find({ compute: 60, idle: 40 })).toEqual({
      kind: 'workers',
      sentence:
        'No worker had anything to compute 40 % of the time: gradcast worker adds one, ' +
        'and --min-workers says without how many the run waits.',
    });
  });

  it('is unknown before a step has closed', () => {
    for (const phases of [phasesOf({}), phasesOf({ compute: NaN }), phasesOf({ compute: -1, idle: Infinity })]) {
      const finding = bottleneckOf({ phases, workers: TWO, leaves: 8 });
      expect(finding).toEqual({ kind: 'unknown', sentence: 'It is too early to tell what holds the run back.' });
    }
  });

  it.each<[PhaseName, BottleneckKind]>([
    ['network', 'network'],
    ['adding', 'hub'],
    ['straggler', 'straggler'],
    ['idle', 'workers'],
  ])('is %s from a fifth of the time on', (phase, kind) => {
    expect(find({ compute: 80, [phase]: 20 }).kind).toBe(kind);
    expect(find({ compute: 80.5, [phase]: 19.5 }).kind).toBe('compute');
  });

  it('is one sentence, whatever it is told', () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity, -1, 1e308, 5e-324));
    const facts = fc.record({
      phases: fc.record(Object.fromEntries(PHASES.map((name) => [name, value])) as Record<PhaseName, typeof value>),
      workers: fc.array(
        fc.record({
          name: fc.oneof(fc.string(), fc.constantFrom('\u001b[2J', 'a\nb', '\u202eback', '\ud800', 'x'.repeat(500))),
          leaves: value,
          seconds: value,
        }),
        { maxLength: 8 },
      ),
      leaves: fc.oneof(value, fc.integer()),
      codec: fc.option(fc.constantFrom('f32', 'f16', 'int8', 'of my own'), { nil: undefined }),
    });
    fc.assert(
      fc.property(facts, (each) => {
        const { sentence } = bottleneckOf({
          ...each,
          workers: each.workers.map((worker) => ({ ...worker, name: worker.name.replaceAll('.', '') })),
        });
        expect(sentence).toMatch(/^[\dA-Z].*[a-z)]\.$/s);
        expect(sentence.length).toBeLessThan(400);
        expect(sentence).not.toMatch(/NaN|Infinity|undefined|\n/);
      }),
      { numRuns: 200 },
    );
  });
});
