/**
 * What a coordinator refuses because of files and ports: data sets, checkpoints, run folders. Each is one clear
 * sentence with a code and the right exit code, without a stack trace, and leaves every file as it was.
 */
import { execFile, spawnSync } from 'node:child_process';
import { copyFile, cp, mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { contentOf, portHolder, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/gradcast.mjs', import.meta.url));
const canUnshare = spawnSync('unshare', ['-pf', '--mount-proc', 'true']).status === 0;

const QUICK = '--preset dcgan --steps 1 --global-batch 16 --micro-batches 1 --workers 1 --backend wasm --no-samples';

let bench: Workbench;
/** A sound run of three steps, and its newest checkpoint. */
let sound = '';
let newest = '';
beforeAll(async () => {
  bench = await Workbench.create();
  const { code, stderr } = await bench.run(
    'train --preset dcgan --steps 3 --global-batch 16 --micro-batches 1 --save-every 1 --workers 1 --backend wasm --out sound --no-samples',
  );
  expect(code, stderr).toBe(0);
  [sound] = await runsIn(bench.path('sound'));
  newest = join(sound, 'checkpoints', 'step-000003.safetensors');
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

interface Expected {
  readonly code: number;
  readonly why: string;
  readonly sentence: RegExp;
}

async function expectRefusal(args: string, { code, why, sentence }: Expected): Promise<void> {
  const before = await contentOf(bench.folder);
  const ending = await bench.run(args);
  expect(ending.code, ending.stderr).toBe(code);
  expect(ending.stdout).toBe('');
  const errors = ending.stderr.split('\n').filter((line) => line.startsWith('gradcast:'));
  expect(errors).toEqual([expect.stringMatching(new RegExp(`^gradcast: .+ \\[${why}\\]$`))]);
  expect(errors[0]).toMatch(sentence);
  expect(ending.stderr).not.toMatch(/^\s+at /m);
  expect(await contentOf(bench.folder)).toEqual(before);
}

describe('a data set', () => {
  /** Header and elements of an idx file of unsigned bytes. */
  const idx = (shape: readonly number[], count = shape.reduce((a, b) => a * b)) => {
    const bytes = Buffer.alloc(4 + 4 * shape.length + count);
    [0x0800 + shape.length, ...shape].forEach((value, place) => bytes.writeUInt32BE(value, 4 * place));
    return bytes;
  };
  const images = idx([40, 28, 28]);
  const labels = idx([40]);
  const wrongMagic = Buffer.from(images);
  wrongMagic.writeUInt8(0x0d, 2);

  it.each([
    ['without its files', undefined, undefined, 'data-missing', /has no train-images-idx3-ubyte, plain or \.gz/],
    ['cut short', images.subarray(0, -1), labels, 'idx-truncated', /train-images-idx3-ubyte.* cut short/],
    ['cut short in its header', images.subarray(0, 9), labels, 'idx-truncated', /train-images-idx3-ubyte/],
    ['with a wrong magic', wrongMagic, labels, 'idx-magic', /train-images-idx3-ubyte/],
    ['with more than it counts', Buffer.concat([images, images]), labels, 'idx-count', /train-images-idx3-ubyte/],
    ['with a count of none', idx([0, 28, 28], 0), labels, 'idx-count', /train-images-idx3-ubyte/],
    ['with fewer labels than images', images, idx([39]), 'data-mismatch', /40 samples in .* and 39 labels/],
    ['of another size', idx([40, 28, 29]), labels, 'data-shape', /has images of 28x29x1, task dcgan takes 28x28x1/],
  ] as const)('%s', async (name, imageBytes, labelBytes, why, sentence) => {
    const data = bench.path(name.replaceAll(' ', '-'));
    await mkdir(data);
    if (imageBytes) await writeFile(join(data, 'train-images-idx3-ubyte'), imageBytes);
    if (labelBytes) await writeFile(join(data, 'train-labels-idx1-ubyte'), labelBytes);
    await expectRefusal(`train ${QUICK} --data ${data} --out refused`, { code: 1, why, sentence });
  });

  it.each([
    ['no labels', undefined, 'data-unlabelled', /has no labels, which task classifier takes/],
    ['more classes', idx([40]).fill(11, 8), 'data-classes', /reach 11, task classifier has 10 classes/],
  ] as const)('with %s for its task', async (name, labelBytes, why, sentence) => {
    const data = bench.path(name.replaceAll(' ', '-'));
    await mkdir(data);
    await writeFile(join(data, 'train-images-idx3-ubyte'), images);
    if (labelBytes) await writeFile(join(data, 'train-labels-idx1-ubyte'), labelBytes);
    const command = `train ${QUICK.replace('dcgan', 'classifier')} --data ${data} --out refused`;
    await expectRefusal(command, { code: 1, why, sentence });
  });

  it('smaller than a global batch', async () => {
    const data = bench.path('small');
    await mkdir(data);
    await writeFile(join(data, 'train-images-idx3-ubyte'), images);
    await writeFile(join(data, 'train-labels-idx1-ubyte'), labels);
    const command = `train --data ${data} --steps 1 --micro-batches 2 --backend wasm --workers 1 --out small-run --no-samples`;
    await expectRefusal(`${command} --global-batch 64`, {
      code: 2,
      why: 'batch-exceeds-data',
      sentence: /a global batch of 64 exceeds the 40 samples of small/,
    });
    const fits = await bench.run(`${command} --global-batch 32`);
    expect(fits.code, fits.stderr).toBe(0);
    const [run] = await runsIn(bench.path('small-run'));
    expect(await readSummary(run)).toMatchObject({ images: 32, globalBatch: 32 });
  });
});

describe('a checkpoint', () => {
  it('cut short', async () => {
    const path = bench.path('short.safetensors');
    await copyFile(newest, path);
    await truncate(path, 100_000);
    const expected = { code: 1, why: 'checkpoint-truncated', sentence: /short\.safetensors is cut short/ };
    await expectRefusal(`train ${QUICK} --resume ${path}`, expected);
    await expectRefusal(`sample ${path} --output digits.png --backend wasm`, expected);
  });

  it('with a flipped bit', async () => {
    const path = bench.path('flipped.safetensors');
    await copyFile(newest, path);
    await change(path, 1_000_003, (byte) => byte ^ 4);
    const expected = { code: 1, why: 'checkpoint-corrupt', sentence: /SHA-256 does not match its bytes/ };
    await expectRefusal(`train ${QUICK} --resume ${path}`, expected);
    await expectRefusal(`sample ${path} --output digits.npy --backend wasm`, expected);
  });

  it('of a newer format', async () => {
    const path = bench.path('newer.safetensors');
    const bytes = await readFile(newest);
    const place = bytes.indexOf('"format":"1"') + '"format":"'.length;
    await copyFile(newest, path);
    await change(path, place, () => '9'.charCodeAt(0));
    await expectRefusal(`train ${QUICK} --resume ${path}`, {
      code: 1,
      why: 'checkpoint-format',
      sentence: /checkpoint format 9; this version of Gradcast reads up to 1/,
    });
  });

  it('that is something else', async () => {
    const path = bench.path('text.safetensors');
    await writeFile(path, 'no checkpoint at all');
    const expected = { code: 1, why: 'checkpoint-corrupt', sentence: /text\.safetensors is damaged/ };
    await expectRefusal(`train ${QUICK} --resume ${path}`, expected);
  });

  it('of another run, with every difference named', async () => {
    await expectRefusal(
      `train --resume ${sound} --preset classic --seed 5 --global-batch 64 --micro-batches 2 --lr 0.01`,
      {
        code: 2,
        why: 'resume-mismatch',
        sentence:
          /preset is "dcgan" there and "classic" here \(--preset\); seed is 0 there and 5 here \(--seed\); size of a micro-batch is 16 there and 32 here \(--global-batch, --micro-batches\); number of micro-batches is 1 there and 2 here \(--global-batch, --micro-batches\); learning rate is 0\.0005 there and 0\.01 here \(--lr\)/,
      },
    );
  });

  it('of another data set', async () => {
    const data = bench.path('small');
    await expectRefusal(`train --resume ${sound} --data ${data}`, {
      code: 2,
      why: 'resume-mismatch',
      sentence: /data set is "[0-9a-f]{64}" there and "[0-9a-f]{64}" here \(--data\)/,
    });
  });

  it('that is damaged is passed over for the one before it', async () => {
    const run = bench.path('passed-over', '20200101-000000-mnist-0000');
    await cp(sound, run, { recursive: true });
    await change(join(run, 'checkpoints', 'step-000003.safetensors'), 1_000_003, (byte) => byte ^ 4);
    const { code, stderr } = await bench.run(`train --resume ${run} --backend wasm --workers 1 --no-samples`);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/step-000003\.safetensors is damaged: .+ The checkpoint before it is used\.$/m);
    expect(stderr).toMatch(/resumed from step 2$/m);
    const { parametersSha256, stateSha256 } = await readSummary(sound);
    expect(await readSummary(run)).toMatchObject({ steps: 3, parametersSha256, stateSha256 });
  });

  it('that is missing', async () => {
    const run = bench.path('emptied', '20200101-000000-mnist-0001');
    await cp(sound, run, { recursive: true });
    await rm(join(run, 'checkpoints'), { recursive: true });
    const expected = { code: 1, why: 'checkpoint-missing', sentence: /has no checkpoint/ };
    await expectRefusal(`train ${QUICK} --resume ${run}`, expected);
    await expectRefusal(`sample ${bench.path('nowhere')} --output digits.png --backend wasm`, {
      code: 2,
      why: 'run-missing',
      sentence: /there is no run folder or checkpoint .+nowhere/,
    });
  });
});

describe('a run folder', () => {
  it('that another coordinator has open', async () => {
    const run = bench.start('coordinator --preset dcgan --steps 5 --json --port 0 --metrics-port 0 --out open');
    const { runFolder } = await run.event('listening');
    await expectRefusal(`train ${QUICK} --steps 5 --global-batch 128 --micro-batches 4 --resume ${runFolder}`, {
      code: 1,
      why: 'run-locked',
      sentence: /is in use by process \d+/,
    });
  });

  it.skipIf(!canUnshare)('that a coordinator in another container has open (needs unshare)', async () => {
    const run = bench.start('coordinator --preset dcgan --steps 5 --json --port 0 --metrics-port 0 --out contained');
    const { runFolder } = await run.event('listening');
    const command = `train ${QUICK} --steps 5 --global-batch 128 --micro-batches 4 --resume ${runFolder}`;
    const args = ['-pf', '--mount-proc', process.execPath, BIN, ...command.split(' ')];
    const ending = await promisify(execFile)('unshare', args, { cwd: bench.folder }).catch((error: unknown) => error);
    expect(ending).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is in use by process \d+ on .*\[run-locked\]/) as string,
    });
    // It was not robbed, and hears a stop.
    run.signal('SIGTERM');
    expect(await run.ended()).toMatchObject({ code: 143 });
  });

  it('that cannot be made', async () => {
    await writeFile(bench.path('file'), '');
    const notFolder = { code: 2, why: 'out-not-a-folder', sentence: /not a folder/ };
    await expectRefusal(`train ${QUICK} --out file`, notFolder);
    await expectRefusal(`train ${QUICK} --out file/runs`, notFolder);
  });

  // The superuser may write everywhere, but nobody makes folders in /proc.
  it.skipIf(process.platform !== 'linux')('that may not be written (needs /proc)', async () => {
    await expectRefusal(`train ${QUICK} --out /proc/runs`, {
      code: 2,
      why: 'out-not-writable',
      sentence: /\/proc\/runs/,
    });
  });
});

describe('a port in use', () => {
  it.each(['--port', '--metrics-port'])('for %s', async (flag) => {
    const holder = await portHolder();
    try {
      await expectRefusal(`train ${QUICK} ${flag} ${holder.port} --out ports`, {
        code: 1,
        why: flag === '--port' ? 'port-in-use' : 'metrics-port-in-use',
        sentence: new RegExp(`port ${holder.port}`),
      });
    } finally {
      await holder.close();
    }
  });
});

async function change(path: string, place: number, flip: (byte: number) => number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, place);
    byte.writeUInt8(flip(byte.readUInt8()));
    await file.write(byte, 0, 1, place);
  } finally {
    await file.close();
  }
}
