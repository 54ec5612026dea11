import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from './problem.ts';
import { type Machine, resolveCoordinator, resolveTrain, resolveWorker } from './resolve.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradcast-resolve-'));
afterAll(() => rmSync(folder, { recursive: true }));

function machine(environment: Record<string, string> = {}): Machine {
  return { environment, cores: 8, hostname: 'host one' };
}
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
function codes(resolve: () => unknown): string[] {
  try {
    resolve();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.code);
    throw error;
  }
  return [];
}

describe('resolveTrain', () => {
  it("starts from the preset's own numbers", () => {
    const { coordinator, workers, worker, credentials } = resolveTrain([], machine());
    expect(coordinator).toMatchObject({
      preset: 'mnist',
      seed: 0,
      microBatchSize: 32,
      microBatches: 4,
      learningRate: 2e-3,
      length: { steps: 4688 },
      data: null,
      out: 'runs',
      resume: null,
      host: '127.0.0.1',
      port: 0,
    });
    expect(workers).toBe(4);
    expect(worker).toMatchObject({ backend: 'auto', threads: 1, reconnectSeconds: 300, metricsPort: 0 });
    expect(credentials).toBeNull();
  });

  it('has workers tuned once, unless told otherwise, also those of the coordinator', () => {
    const of = (args: string[], variables = {}) => resolveTrain(args, machine(variables));
    expect([of([]).worker.tune, of([]).coordinator.tune]).toEqual(['once', 'once']);
    expect(of(['--tune', 'never']).worker.tune).toBe('never');
    expect(of([], { GRADCAST_TUNE: 'again' }).coordinator.tune).toBe('again');
    expect(resolveTrain(['-c', file('tune.yaml', 'tune: never\n')], machine()).worker.tune).toBe('never');
    const worker = resolveWorker(['--coordinator', 'ws://127.0.0.1:7070', '--tune', 'again'], machine());
    expect(worker.worker.tune).toBe('again');
    expect(codes(() => of(['--tune', 'twice']))).toEqual(['unknown-choice']);
  });

  it('starts no more workers than cores or micro-batches', () => {
    expect(resolveTrain(['--micro-batches', '16'], machine()).workers).toBe(8);
    expect(resolveTrain(['--micro-batches', '1'], machine()).workers).toBe(1);
    expect(resolveTrain(['--workers', '3'], machine()).workers).toBe(3);
  });

  it('lets flag beat environment, environment beat file, file beat default', () => {
    const config = file('precedence.yaml', 'seed: 1\nsave-every: 1\nkeep-last: 1\npreset: classic\n');
    const variables = { GRADCAST_SAVE_EVERY: '2', GRADCAST_KEEP_LAST: '2', GRADCAST_CONFIG: config };
    const { coordinator } = resolveTrain(['--keep-last', '3'], machine(variables));
    expect(coordinator).toMatchObject({ preset: 'classic', seed: 1, saveEvery: 2, keepLast: 3, sampleEvery: 200 });
  });

  it('draws no samples where none are wanted, however many were', () => {
    const { coordinator } = resolveTrain(['--no-samples', '--sample-every', '5'], machine());
    expect(coordinator.sampleEvery).toBeNull();
    const variables = { GRADCAST_NO_SAMPLES: 'true' };
    expect(resolveCoordinator(['--no-samples=false'], machine(variables)).coordinator.sampleEvery).toBe(200);
  });

  it('reads JSON as well', () => {
    const config = file('run.json', '{"seed": 5, "no-progress": true}');
    const resolved = resolveTrain(['-c', config], machine());
    expect(resolved.coordinator.seed).toBe(5);
    expect(resolved.output.progress).toBe(false);
  });

  it('lists every problem at once', () => {
    const config = file('wrong.yaml', 'keep-last: -1\nsaveEvery: 3\n');
    const args = ['--steps', '0', '--epocs', '3', '--lr', 'NaN', '--micro-batches', '6', '--config', config];
    const paths = ['--data', join(folder, 'none'), '--resume', join(folder, 'none'), '--out', config, 'stray'];
    const resolve = () => resolveTrain([...args, '--host', '0.0.0.0', ...paths], machine({ GRADCAST_SEDE: '1' }));
    expect(codes(resolve).sort()).toEqual(
      [
        'data-missing',
        'not-a-number',
        'not-a-power-of-two',
        'out-not-a-folder',
        'out-of-range',
        'out-of-range',
        'resume-missing',
        'token-required',
        'unexpected-argument',
        'unknown-environment',
        'unknown-flag',
        'unknown-key',
      ].sort(),
    );
  });

  it('does not complain about a batch whose parts were refused', () => {
    expect(codes(() => resolveTrain(['--preset', 'nope', '--global-batch', '100'], machine()))).toEqual([
      'unknown-preset',
    ]);
    expect(codes(() => resolveTrain(['--micro-batches', '6', '--global-batch', '100'], machine()))).toEqual([
      'not-a-power-of-two',
    ]);
  });

  it('refuses two lengths in one place and lets a stronger place replace the length', () => {
    expect(codes(() => resolveTrain(['--steps', '1', '--epochs', '1'], machine()))).toEqual(['length-conflict']);
    const config = file('length.yaml', 'steps: 100\n');
    expect(resolveTrain(['-c', config, '--epochs', '2'], machine()).coordinator.length).toEqual({ epochs: 2 });
    expect(resolveTrain(['-c', config], machine({ GRADCAST_EPOCHS: '3' })).coordinator.length).toEqual({ epochs: 3 });
  });

  it('takes a schedule from flags, and leaves to the length of the run what they do not say', () => {
    const said = ['--lr-schedule', 'cosine', '--warmup-images', '1000', '--decay-to-images', '60000'];
    expect(
      resolveTrain([...said, '--clip-norm', '2.5', '--average-images', '20000'], machine()).coordinator,
    ).toMatchObject({
      lrSchedule: 'cosine',
      warmUpImages: 1000,
      decayFromImages: null,
      decayToImages: 60_000,
      lrEndFactor: 0,
      clipNorm: 2.5,
      averageImages: 20_000,
    });
  });

  it('knows when a run stops early, by evaluations that there are', () => {
    const stop = ['--early-stop', 'recall'];
    const conflict = ['early-stop-conflict'];
    const { coordinator } = resolveTrain([...stop, '--evaluate-every', '50', '--early-stop-patience', '3'], machine());
    const wanted = { earlyStop: 'recall', earlyStopPatience: 3, earlyStopMinDelta: 0, evaluateEvery: 50 };
    expect(coordinator).toMatchObject({ ...wanted, evaluateCount: 10_000 });
    expect(resolveTrain([], machine()).coordinator).toMatchObject({ earlyStop: 'none', earlyStopPatience: 5 });
    expect(codes(() => resolveTrain(stop, machine()))).toEqual(conflict);
    for (const alone of ['--early-stop-patience', '--early-stop-min-delta']) {
      expect(codes(() => resolveTrain([alone, '3', '--evaluate-every', '50'], machine()))).toEqual(conflict);
    }
    expect(codes(() => resolveTrain(['--early-stop', 'nearest_ratio'], machine()))).toEqual(['unknown-choice']);
    expect(codes(() => resolveTrain([...stop, '--early-stop-patience', '0'], machine()))).toEqual([
      'out-of-range',
      'early-stop-conflict',
    ]);
  });

  it('refuses a decay that is none, and one that ends before it begins', () => {
    const from = ['--decay-from-images', '100'];
    const conflict = ['decay-conflict'];
    expect(codes(() => resolveTrain(from, machine()))).toEqual(conflict);
    expect(codes(() => resolveTrain([...from, '--lr-schedule', 'linear'], machine()))).toEqual([]);
    for (const to of ['99', '100']) {
      const range = [...from, '--lr-schedule', 'linear', '--decay-to-images', to];
      expect(codes(() => resolveTrain(range, machine()))).toEqual(conflict);
    }
    expect(codes(() => resolveTrain(['--lr-schedule', 'step'], machine()))).toEqual(['unknown-choice']);
    expect(codes(() => resolveTrain(['--clip-norm', '-1', '--lr-end-factor', '2'], machine()))).toEqual([
      'out-of-range',
      'out-of-range',
    ]);
  });

  it.each([
    ['linear', 100, 900],
    ['constant', null, null],
  ] as const)('keeps where the %s rate of the run that it resumes decays', (lrSchedule, from, to) => {
    const run = join(folder, `decayed-${lrSchedule}`);
    mkdirSync(run);
    const { coordinator } = resolveTrain([], machine());
    const recorded = { ...coordinator, lrSchedule, decayFromImages: from ?? 0, decayToImages: to ?? 0 };
    writeFileSync(join(run, 'config.json'), JSON.stringify(recorded));
    const resumed = resolveTrain(['--resume', run, '--steps', '4000'], machine()).coordinator;
    expect(resumed).toMatchObject({ lrSchedule, decayFromImages: from, decayToImages: to });
  });

  it('keeps the evaluations by which the run that it resumes stops early', () => {
    const run = join(folder, 'stopping');
    mkdirSync(run);
    const { coordinator } = resolveTrain(['--early-stop', 'recall', '--evaluate-every', '50'], machine());
    const recorded = { ...coordinator, evaluateEvery: 7, earlyStopEvery: 50, earlyStopCount: 2000 };
    writeFileSync(join(run, 'config.json'), JSON.stringify(recorded));
    const resumed = resolveTrain(['--resume', run], machine()).coordinator;
    expect(resumed).toMatchObject({ earlyStop: 'recall', evaluateEvery: 50, evaluateCount: 2000 });
  });

  it('takes a length of time, unless there is a stronger word on the length or a run to resume', () => {
    const config = file('time.yaml', 'for: 1h30m\n');
    const of = (args: readonly string[], environment = {}) => resolveTrain(args, machine(environment)).forSeconds;
    expect([of([]), of(['--for', '10m']), of(['-c', config])]).toEqual([null, 600, 5400]);
    expect(of(['-c', config, '--steps', '5'])).toBeNull();
    expect(of(['--for', '10m'], { GRADCAST_EPOCHS: '3' })).toBe(600);
    expect(codes(() => of(['--for', '10m', '--steps', '5']))).toEqual(['length-conflict']);
    expect(codes(() => of(['--for', '10m', '--epochs', '5']))).toEqual(['length-conflict']);
    expect(codes(() => of(['--for', '10m', '--resume', 'auto']))).toEqual(['length-conflict']);
    expect(codes(() => of(['--for', 'soon']))).toEqual(['bad-time']);
    const { printable } = resolveTrain(['--for', '10m'], machine());
    expect([printable.for, printable.steps]).toEqual([600, undefined]);
    expect(of(['-c', file('printed-time.json', JSON.stringify(printable))])).toBe(600);
  });

  it('takes a batch that is chosen for the workers of a new run, and for nobody else', () => {
    const of = (args: readonly string[]) => resolveTrain(['--global-batch', ...args], machine());
    expect(resolveTrain([], machine()).autoBatch).toBe(false);
    const { autoBatch, coordinator, printable } = of(['auto', '--preset', 'tutorial']);
    expect([autoBatch, coordinator.microBatchSize, coordinator.microBatches]).toEqual([true, 64, 4]);
    expect(printable['global-batch']).toBe('auto');
    expect(resolveTrain(['-c', file('auto-batch.json', JSON.stringify(printable))], machine()).autoBatch).toBe(true);
    expect(codes(() => of(['auto', '--resume', 'auto']))).toEqual(['global-batch-auto']);
    expect(codes(() => of(['auto', '--micro-batches', '8']))).toEqual(['global-batch-auto']);
    expect(codes(() => resolveCoordinator(['--global-batch', 'auto'], machine()))).toEqual(['global-batch-auto']);
    expect(codes(() => of(['automatic']))).toEqual(['not-a-number']);
  });

  it('needs a token for any host but loopback', () => {
    expect(codes(() => resolveTrain(['--host', '0.0.0.0'], machine()))).toEqual(['token-required']);
    const secret = 't0p-secret-01234567';
    expect(resolveTrain(['--host', '0.0.0.0'], machine({ GRADCAST_TOKEN: secret })).credentials).toEqual([
      { name: null, role: 'worker', secret },
    ]);
    expect(codes(() => resolveTrain(['--host', '0.0.0.0'], machine({ GRADCAST_TOKEN: '' })))).toEqual(['token-shape']);
  });

  it('prints a configuration that reads back as itself and never the token', () => {
    const args = ['--preset', 'tutorial', '--epochs', '2', '--global-batch', '128', '--micro-batches', '2'];
    const first = resolveTrain(args, machine({ GRADCAST_TOKEN: 'very-secret-very-secret' }));
    expect(JSON.stringify(first.printable)).not.toContain('very-secret');
    const config = file('printed.json', JSON.stringify(first.printable));
    const second = resolveTrain(['--config', config], { ...machine(), cores: 1 });
    expect(second.coordinator).toEqual(first.coordinator);
    expect(second.workers).toBe(first.workers);
  });

  it('takes what is not set from the run it resumes', () => {
    const run = join(folder, 'run-1');
    mkdirSync(join(run, 'checkpoints'), { recursive: true });
    const args = ['--preset', 'classic', '--seed', '9', '--micro-batches', '8', '--steps', '40', '--lr', '0.01'];
    const first = resolveTrain(args, machine()).coordinator;
    writeFileSync(join(run, 'config.json'), JSON.stringify(first));
    const again = resolveTrain(['--resume', run, '--steps', '80'], machine()).coordinator;
    expect(again).toEqual({ ...first, resume: run, length: { steps: 80 } });
    const checkpoint = join(folder, 'step-000040.safetensors');
    const header = Buffer.from(JSON.stringify({ __metadata__: { config: JSON.stringify(first) } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(checkpoint, Buffer.concat([length, header]));
    expect(resolveTrain(['--resume', checkpoint], machine()).coordinator).toEqual({ ...first, resume: checkpoint });
    expect(resolveTrain(['--resume', run, '--epochs', '1'], machine()).coordinator.length).toEqual({ epochs: 1 });
  });

  it('leaves a damaged checkpoint to the coordinator', () => {
    for (const bytes of ['', 'short', '\u00ff'.repeat(20), '\u0002\0\0\0\0\0\0\0{}']) {
      const path = file('damaged.safetensors', bytes);
      expect(resolveTrain(['--resume', path], machine()).coordinator.preset).toBe('mnist');
    }
  });

  it('refuses an --out that this user may not write to', () => {
    const locked = join(folder, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    const refused = codes(() => resolveTrain(['--out', join(locked, 'runs')], machine()));
    // The superuser may write anywhere.
    expect(refused).toEqual(process.getuid?.() === 0 ? [] : ['out-not-writable']);
  });

  it('freezes what it returns', () => {
    const resolved = resolveTrain([], machine());
    expect(Object.isFrozen(resolved.coordinator.length)).toBe(true);
  });
});

describe('the configuration file', () => {
  it.each([
    ['missing', null, 'config-missing'],
    ['a folder', '', 'config-unreadable'],
    ['broken YAML', 'seed: [1\n', 'config-syntax'],
    ['two equal keys', 'seed: 1\nseed: 2\n', 'config-syntax'],
    ['a list', '- seed\n', 'config-syntax'],
    ['a nested value', 'seed: {a: 1}\n', 'bad-text'],
  ])('%s is %s', (name, text, code) => {
    const path = text === '' ? folder : join(folder, 'case.yaml');
    rmSync(join(folder, 'case.yaml'), { force: true });
    if (text) writeFileSync(path, text);
    expect(codes(() => resolveTrain(['--config', path], machine()))).toEqual([code]);
    expect(name).toBeTruthy();
  });
  it('may be empty', () => {
    expect(codes(() => resolveTrain(['--config', file('empty.yaml', '\n')], machine()))).toEqual([]);
  });
});

describe('resolveCoordinator', () => {
  it('listens on known ports', () => {
    expect(resolveCoordinator([], machine()).coordinator).toMatchObject({ port: 7070, metricsPort: 9464 });
  });
  it('has no workers of its own', () => {
    expect(codes(() => resolveCoordinator(['--workers', '2'], machine()))).toEqual(['unknown-flag']);
  });
});

describe('resolveWorker', () => {
  it('needs an address and names itself after its host', () => {
    expect(codes(() => resolveWorker([], machine()))).toEqual(['missing-flag']);
    const { worker } = resolveWorker(['--coordinator', 'ws://a:1', '--reconnect-seconds', '0'], machine());
    expect(worker).toMatchObject({ coordinator: 'ws://a:1', name: 'host-one', reconnectSeconds: 0, metricsPort: 0 });
  });
  it('does not ask for an address that was given wrong', () => {
    expect(codes(() => resolveWorker(['--coordinator', 'http://a:1'], machine()))).toEqual(['bad-address']);
  });
});
