import { fileURLToPath } from 'node:url';
import { OPTIONS } from '@gradcast/config';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { optionKey, programOptions, resolveOptions } from './train-options.ts';
import { trainOptionsType } from './train-options-type.ts';

const machine = { cores: 2, hostname: 'here' };

describe('resolveOptions', () => {
  it('reads options as the flags are read', () => {
    const { coordinator, worker, workers } = resolveOptions(
      { preset: 'mnist', steps: 5, saveEvery: 2, workers: 3, lr: 1e-7, exact: true, noSamples: false, seed: undefined },
      machine,
    );
    expect(coordinator).toMatchObject({ preset: 'mnist', length: { steps: 5 }, saveEvery: 2, exact: true, seed: 0 });
    expect(coordinator).toMatchObject({ learningRate: 1e-7, sampleEvery: 200 });
    expect(worker.backend).toBe('auto');
    expect(workers).toBe(3);
  });

  it('takes nothing from the environment', () => {
    process.env['GRADCAST_SEED'] = '7';
    try {
      expect(resolveOptions({}, machine).coordinator.seed).toBe(0);
    } finally {
      delete process.env['GRADCAST_SEED'];
    }
  });

  it.each([
    [{ steps: 0 }, 'out-of-range', '--steps'],
    [{ codec: 'f23' }, 'unknown-choice', 'f16'],
    [{ stepz: 1 }, 'unknown-flag', 'train() has no option "stepz"'],
    [{ json: true }, 'unknown-flag', 'train() has no option "json"'],
    [{ 'save-every': 1 }, 'unknown-flag', 'train() has no option "save-every"'],
    // What looks like another flag is this one's value.
    [{ data: '--json' }, 'data-missing', '--json'],
  ])('refuses %o', (options, code, sentence) => {
    expect(() => resolveOptions(options, machine)).toThrow(
      expect.objectContaining({ name: 'GradcastError', code, message: expect.stringContaining(sentence) as string }),
    );
  });

  it('tells every problem at once', () => {
    expect(() => resolveOptions({ steps: 0, workers: 0 }, machine)).toThrow(/--steps[^]*\n[^]*--workers/);
  });
});

describe('trainOptionsType', () => {
  it('has every option of the command that is not for terminals', () => {
    const file = ts.createSourceFile('x.d.ts', trainOptionsType(), ts.ScriptTarget.ES2022);
    const [declared] = file.statements;
    if (!ts.isInterfaceDeclaration(declared)) throw new Error('no interface');
    const members = declared.members.map(({ name }) => (name as ts.Identifier).text);
    const wanted = OPTIONS.filter(({ commands, name }) => {
      return commands.includes('train') && !['json', 'no-progress', 'open', 'print-config'].includes(name);
    });
    expect(members.sort()).toEqual(wanted.map(({ name }) => optionKey(name)).sort());
    expect(members).toContain('saveEvery');
    expect(programOptions()).toHaveLength(members.length);
  });

  it('says what each takes, and what it has when nobody sets it', () => {
    const text = trainOptionsType();
    expect(text).toContain('readonly steps?: number | undefined;');
    expect(text).toContain('readonly exact?: boolean | undefined;');
    expect(text).toMatch(/readonly onDivergence\?: "stop" \| "skip" \| undefined;/);
    expect(text).toMatch(/Usual: "mnist"\. \*\//);
  });
});

describe("a user's task", () => {
  it('is read from its file, and brings its own numbers', () => {
    const file = fileURLToPath(new URL('../../../../examples/autoencoder.ts', import.meta.url));
    const { coordinator, worker } = resolveOptions({ task: file, lr: 0.5 }, machine);
    expect(coordinator).toMatchObject({ preset: 'autoencoder', taskFile: file, learningRate: 0.5, microBatchSize: 32 });
    expect(coordinator.length).toEqual({ steps: 1000 });
    expect(worker.taskFile).toBe(file);
  });

  it('is refused with its own code', () => {
    expect(() => resolveOptions({ task: 'nowhere/task.ts' }, machine)).toThrow(
      expect.objectContaining({ name: 'GradcastError', code: 'task-missing' }),
    );
  });
});
