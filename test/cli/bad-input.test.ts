/**
 * What a user may get wrong on the command line: one clear sentence for each problem, exit code 2, no stack trace,
 * nothing left behind.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradcast } from './command.ts';

const cwd = mkdtempSync(join(tmpdir(), 'gradcast-bad-input-'));
beforeAll(() => {
  writeFileSync(join(cwd, 'file'), 'x');
  writeFileSync(join(cwd, 'wrong.yaml'), 'seeed: 1\nsteps: none\n');
  writeFileSync(join(cwd, 'broken.yaml'), 'a: [1\n');
  writeFileSync(join(cwd, 'empty-token'), '\n');
});
afterAll(() => rmSync(cwd, { recursive: true }));

type Case = readonly [args: string, problems: readonly string[], env?: Readonly<Record<string, string>>];

const cases: readonly Case[] = [
  ['tran', ['unknown-command']],
  ['--steps 5 train', ['unknown-flag']],
  ['help nothing', ['unknown-command']],
  ['train --preset minst', ['unknown-preset']],
  ['train --backend cpu', ['unknown-choice']],
  ['train --epoch 3', ['unknown-flag']],
  ['train --epochs=', ['empty-value']],
  ['train --seed', ['missing-value']],
  ['train surplus', ['unexpected-argument']],
  ['train --steps 0', ['out-of-range']],
  ['train --steps -1', ['out-of-range']],
  ['train --steps 1.5', ['not-a-number']],
  ['train --workers 0', ['out-of-range']],
  ['train --workers two', ['not-a-number']],
  ['train --threads 0', ['out-of-range']],
  ['train --epochs x', ['not-a-number']],
  ['train --log-interval 0', ['out-of-range']],
  ['train --global-batch 0', ['out-of-range']],
  ['train --global-batch 32 --micro-batches 4', ['micro-batch-too-small']],
  ['train --preset tutorial --global-batch 8 --micro-batches 1', ['micro-batch-too-small']],
  ['train --lr NaN', ['not-a-number']],
  ['train --lr 0', ['out-of-range']],
  ['train --lr -0.1', ['out-of-range']],
  ['train --micro-batches 6', ['not-a-power-of-two']],
  ['train --global-batch 100', ['global-batch-split']],
  ['train --global-batch 100 --micro-batches 8', ['global-batch-split']],
  ['train --global-batch 65536', ['global-batch-too-large']],
  ['train --steps 1 --epochs 1', ['length-conflict']],
  ['train --port 65536', ['out-of-range']],
  ['train --out file', ['out-not-a-folder']],
  ['train --out file/runs', ['out-not-a-folder']],
  ['train --data nowhere', ['data-missing']],
  ['train --data file', ['data-missing']],
  ['train --resume nowhere', ['resume-missing']],
  ['train --config nowhere.yaml', ['config-missing']],
  ['train --config broken.yaml', ['config-syntax']],
  ['train --config wrong.yaml', ['unknown-key', 'not-a-number']],
  ['train --host 0.0.0.0', ['token-required']],
  ['coordinator --host ::', ['token-required']],
  ['train --token-file nowhere', ['token-file']],
  ['train --token-file empty-token', ['token-shape']],
  ['coordinator --workers 2', ['unknown-flag']],
  ['worker', ['missing-flag']],
  ['worker --coordinator http://127.0.0.1:1', ['bad-address']],
  ['worker --coordinator ws://127.0.0.1:1 --name a/b', ['bad-name']],
  ['sample', ['missing-argument', 'missing-flag']],
  ['sample file --output digits.gif', ['output-kind']],
  ['sample file --output digits.png --count 0', ['out-of-range']],
  ['sample file --output digits.png --digit 256', ['out-of-range']],
  ['sample file --output digits.png --digit seven', ['not-a-number']],
  ['sample file --output nowhere/digits/', ['output-folder']],
  ['interpolate', ['missing-argument', 'missing-flag']],
  ['interpolate file --output walk.gif --count 1025', ['out-of-range', 'output-kind']],
  ['animate file file --output training --fps 0', ['out-of-range', 'output-kind', 'unexpected-argument']],
  ['export', ['missing-argument', 'missing-flag', 'missing-flag']],
  ['export file --format onxx --output digits.onnx', ['unknown-choice']],
  ['doctor now', ['unexpected-argument']],
  ['pause', ['missing-argument']],
  ['resume file surplus', ['unexpected-argument']],
  ['resume file --no-wait', ['unknown-flag']],
  ['stop file --stepz 5', ['unknown-flag']],
  ['drain', ['missing-argument']],
  ['drain file', ['missing-argument']],
  ['drain file local-0 local-1', ['unexpected-argument']],
  ['demo --seconds 0', ['out-of-range']],
  ['train', ['unknown-environment'], { GRADCAST_SAVE_EVRY: '3' }],
  ['train', ['out-of-range'], { GRADCAST_STEPS: '0' }],
  ['train', ['token-shape'], { GRADCAST_TOKEN: 'two words' }],
  [
    'train --stepz 5 --preset x --lr 0 --micro-batches 6 --out file --data nowhere surplus',
    [
      'unknown-flag',
      'unknown-environment',
      'unknown-preset',
      'not-a-power-of-two',
      'out-of-range',
      'out-not-a-folder',
      'data-missing',
      'unexpected-argument',
    ],
    { GRADCAST_NOTHING: '1' },
  ],
];

describe('bad input on the command line', () => {
  it.concurrent.each(cases.map(([args, codes, env]) => ({ args, codes, env })))(
    '$args',
    async ({ args, codes, env }) => {
      const before = readdirSync(cwd).sort();
      const { code, stdout, stderr } = await gradcast(args.split(' '), { cwd, env });
      expect(code).toBe(2);
      expect(stdout).toBe('');
      const lines = stderr.trimEnd().split('\n');
      for (const line of lines) expect(line).toMatch(/^gradcast: [^[]+.* \[[a-z-]+\]$/);
      expect(lines.map((line) => /\[([a-z-]+)\]$/.exec(line)?.[1]).sort()).toEqual([...codes].sort());
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(readdirSync(cwd).sort()).toEqual(before);
    },
  );

  it('shows help on stderr when nothing is asked for', async () => {
    const { code, stdout, stderr } = await gradcast([], { cwd });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Usage: gradcast COMMAND/);
  });
});

describe('what is asked for is answered', () => {
  it('prints help, version and configuration and exits 0', async () => {
    for (const args of [['--help'], ['help', 'train'], ['train', '--help', '--nonsense'], ['--version'], ['-V']]) {
      const { code, stdout, stderr } = await gradcast(args, { cwd });
      expect([args, code, stderr]).toEqual([args, 0, '']);
      expect(stdout).not.toBe('');
    }
  });

  it('prints a configuration without the token that --config reads back', async () => {
    const env = { GRADCAST_TOKEN: 'most-secret-most-secret' };
    const printed = await gradcast(['train', '--host', '0.0.0.0', '--epochs', '2', '--print-config'], { cwd, env });
    expect(printed.code).toBe(0);
    expect(printed.stdout + printed.stderr).not.toContain('most-secret');
    const file = join(cwd, 'printed.yaml');
    writeFileSync(file, printed.stdout);
    try {
      const again = await gradcast(['train', '--config', file, '--print-config'], { cwd, env });
      expect(again).toEqual(printed);
    } finally {
      rmSync(file);
    }
  });
});
