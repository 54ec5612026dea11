import { EXAMPLE } from '@gradcast/definition/example';
import { NO_TIME } from '@gradcast/config';
import type { Progress, Summary } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { Reporter, type ReporterOptions } from './reporter.ts';

class Tape {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 140;
  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

function at(step: number): Progress {
  const scalars = [
    { name: 'loss_g', value: 1, isProgress: true },
    { name: 'd_x', value: 0.5, isProgress: false },
  ];
  return {
    step,
    steps: 25,
    epoch: 1,
    epochs: 1,
    scalars,
    images_per_second: 100,
    workers: 2,
    volunteers: 0,
    etaSeconds: 5,
  };
}

function setUp(options: Partial<ReporterOptions> = {}, isTTY = false) {
  const stdout = new Tape();
  const stderr = new Tape(isTTY);
  const clock = { ms: 0 };
  const reporter = new Reporter({
    stdout,
    stderr,
    now: () => clock.ms,
    json: false,
    progress: true,
    logInterval: 10,
    ...options,
  });
  return { stdout, stderr, clock, reporter };
}

const summary: Summary = {
  status: 'completed',
  runId: 'r',
  runFolder: 'runs/r',
  steps: 25,
  targetSteps: 25,
  images: 800,
  seconds: 8,
  imagesPerSecond: 100,
  parametersSha256: 'aa',
  stateSha256: 'bb',
  ...EXAMPLE,
  globalBatch: 128,
  workers: 2,
  backend: 'wasm',
  software: { gradcast: '1.2.3', node: '22.0.0' },
  exact: true,
  samples: 'runs/r/samples/step-000025.png',
  scores: null,
  quality: null,
  stoppedEarly: null,
};

describe('Reporter away from a terminal', () => {
  it('prints one line per interval and one at the end', () => {
    const { reporter, stderr, stdout } = setUp();
    for (let step = 9; step <= 25; step++) reporter.progress(at(step));
    reporter.progress(at(25));
    expect(stderr.text.split('\n').map((line) => line.split(' ')[1])).toEqual([
      '9/25',
      '10/25',
      '20/25',
      '25/25',
      undefined,
    ]);
    expect(stdout.text).toBe('');
  });

  it('keeps quiet about progress when told to', () => {
    const { reporter, stderr } = setUp({ progress: false });
    reporter.progress(at(10));
    expect(stderr.text).toBe('');
  });

  it('prints only JSON on stdout with json', () => {
    const { reporter, stdout, stderr } = setUp({ json: true });
    reporter.progress(at(10));
    reporter.notice('a worker joined');
    reporter.say('for people');
    reporter.summary(summary);
    const lines = stdout.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: 'progress', ...at(10), scalars: undefined, loss_g: 1, d_x: 0.5 },
      { type: 'summary', ...summary },
    ]);
    expect(stderr.text).toBe('a worker joined\n');
  });

  it('ends with folder, grid, speed and hashes', () => {
    const { reporter, stdout } = setUp();
    reporter.summary(summary, 'runs/r/report.html');
    for (const part of [
      'runs/r',
      'step-000025.png',
      'report      runs/r/report.html',
      '100.0',
      'sha256 aa',
      'sha256 bb',
    ]) {
      expect(stdout.text).toContain(part);
    }
  });

  it('says whether the hashes can be had again', () => {
    const { reporter, stdout } = setUp();
    reporter.summary(summary);
    expect(stdout.text).not.toContain('exact');
    reporter.summary({ ...summary, exact: false });
    expect(stdout.text).toContain('exact       no: workers of unlike numeric profiles computed it');
  });

  it('says what held the run back, where that is known', () => {
    const total = { ...NO_TIME, compute: 9, network: 1 };
    const workers = [{ worker: 'local-1', leaves: 100, compute: 9, network: 1, overdue: 0, waiting: 0 }];
    const { reporter, stdout } = setUp();
    reporter.summary({ ...summary, phases: { steps: 25, seconds: 10, total, workers, rest: null } });
    expect(stdout.text).toContain(
      '\ntime        Workers compute 90 % of the time: more workers, up to 4, make it faster',
    );
    stdout.text = '';
    for (const phases of [null, undefined]) reporter.summary({ ...summary, phases });
    expect(stdout.text).not.toContain('time  ');
  });

  it('tells an error with its code', () => {
    const { reporter, stderr } = setUp();
    reporter.error('port-in-use', 'port 1 is taken');
    expect(stderr.text).toBe('gradcast: port 1 is taken [port-in-use]\n');
  });
});

describe('Reporter on a terminal', () => {
  it('redraws at most ten times a second and always shows the last state', () => {
    const { reporter, stderr, clock } = setUp({}, true);
    for (let step = 1; step <= 20; step++) {
      clock.ms += 20;
      reporter.progress(at(step));
    }
    const draws = () => stderr.text.split('\r').length - 1;
    expect(draws()).toBe(4);
    reporter.endProgress();
    expect(draws()).toBe(5);
    expect(stderr.text).toMatch(/20\/25 [^\n]*\n$/);
  });

  it('puts notices above the line', () => {
    const { reporter, stderr } = setUp({}, true);
    reporter.progress(at(1));
    stderr.text = '';
    reporter.notice('a worker joined');
    expect(stderr.text).toMatch(/^\r\u001b\[2Ka worker joined\n\r\u001b\[2Kepoch 1\/1/);
  });

  it('measures elapsed time from the start of the clock', () => {
    const { reporter, stderr, clock } = setUp({}, true);
    clock.ms = 5000;
    reporter.startClock();
    clock.ms = 8000;
    reporter.progress(at(1));
    expect(stderr.text).toContain('[00:03<00:05,');
  });
});
