import { describe, expect, it } from 'vitest';
import { readEnvironment, readFileLayer, readFlags } from './layers.ts';

const raws = (layer: ReadonlyMap<string, { raw: unknown }>) =>
  Object.fromEntries([...layer].map(([name, { raw }]) => [name, raw]));

describe('readFlags', () => {
  it('reads values in every spelling', () => {
    const { layer, operands, problems } = readFlags('train', [
      '--steps=5',
      '--out',
      'here',
      '--json',
      '--no-progress=false',
      '-c',
      'run.yaml',
      '--lr',
      '-1',
      'stray',
      '--',
      '--seed',
    ]);
    expect(raws(layer)).toEqual({
      steps: '5',
      out: 'here',
      json: true,
      'no-progress': 'false',
      config: 'run.yaml',
      lr: '-1',
    });
    expect(operands).toEqual(['stray', '--seed']);
    expect(problems).toEqual([]);
  });

  it('knows the aliases', () => {
    const args = ['--nproc-per-node', '2', '--max-steps', '9', '--global-batch-size', '64', '--output-dir', 'd'];
    expect(raws(readFlags('train', args).layer)).toEqual({ workers: '2', steps: '9', 'global-batch': '64', out: 'd' });
  });

  it('lets the last of two win', () => {
    expect(raws(readFlags('train', ['--max-steps', '1', '--steps', '2']).layer)).toEqual({ steps: '2' });
  });

  it('takes --resume alone as auto', () => {
    expect(raws(readFlags('train', ['--resume']).layer)).toEqual({ resume: 'auto' });
    expect(raws(readFlags('train', ['--resume', '--json']).layer)).toEqual({ resume: 'auto', json: true });
    expect(raws(readFlags('train', ['--resume', 'runs/x']).layer)).toEqual({ resume: 'runs/x' });
  });

  it('makes one problem of an unknown flag and its value', () => {
    const { problems, operands } = readFlags('train', ['--setps', '5', '--port']);
    expect(operands).toEqual([]);
    expect(problems).toEqual([
      { code: 'unknown-flag', sentence: 'train has no flag "--setps" (did you mean --steps?)' },
      { code: 'missing-value', sentence: '--port needs a value' },
    ]);
  });

  it('says where a flag belongs', () => {
    expect(readFlags('worker', ['--epochs', '1']).problems[0].sentence).toBe(
      '--epochs is not a flag of worker, but of train, coordinator',
    );
  });
});

describe('readEnvironment', () => {
  it('takes options, leaves the rest of the environment alone', () => {
    const { layer, problems } = readEnvironment('train', {
      GRADCAST_SAVE_EVERY: '7',
      GRADCAST_MAX_STEPS: '3',
      GRADCAST_TOKEN: 'x',
      GRADCAST_CACHE: '/c',
      GRADCAST_GRAPH: 'off',
      GRADCAST_COORDINATOR: 'ws://h:1',
      PATH: '/bin',
    });
    expect(raws(layer)).toEqual({ 'save-every': '7', steps: '3' });
    expect(problems).toEqual([]);
  });

  it('refuses a GRADCAST_GRAPH that is no way to run a step', () => {
    for (const choice of ['on', 'off', 'function', 'function-xla']) {
      expect(readEnvironment('worker', { GRADCAST_GRAPH: choice }).problems).toEqual([]);
    }
    expect(readEnvironment('worker', { GRADCAST_GRAPH: 'no' }).problems).toEqual([
      { code: 'unknown-choice', sentence: 'GRADCAST_GRAPH must be on, off, function or function-xla, but is "no"' },
    ]);
  });

  it('refuses unknown names', () => {
    expect(readEnvironment('train', { GRADCAST_SAVE_EVRY: '7' }).problems).toEqual([
      {
        code: 'unknown-environment',
        sentence: 'the environment sets GRADCAST_SAVE_EVRY, which is no option (did you mean GRADCAST_SAVE_EVERY?)',
      },
    ]);
  });
});

describe('readFileLayer', () => {
  it('takes dashes and underscores, ignores nulls and other commands', () => {
    const document = { save_every: 7, 'keep-last': null, coordinator: 'ws://h:1', 'max-steps': 2 };
    const { layer, problems } = readFileLayer('train', document, 'f.yaml');
    expect(raws(layer)).toEqual({ 'save-every': 7, steps: 2 });
    expect(problems).toEqual([]);
  });

  it('refuses unknown names and what only makes sense as a flag', () => {
    expect(readFileLayer('train', { sede: 1, config: 'x' }, 'f.yaml').problems).toEqual([
      { code: 'unknown-key', sentence: 'f.yaml sets "sede", which is no option (did you mean seed?)' },
      { code: 'unknown-key', sentence: 'f.yaml sets "config", which a file cannot set' },
    ]);
  });
});
