import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import type { Asked, Told } from './echo-process.ts';
import { Harness } from './harness.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-harness-test-'));
  const bundled: string[] = [];
  const harness = new Harness({
    root,
    folder,
    build: () => Promise.reject(new Error('nobody asked for it')),
    bundle: (source, outfile) => {
      bundled.push(source);
      const entryPoints = [join(root, source)];
      return build({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' });
    },
  });
  onTestFinished(async () => {
    await harness.close();
    await rm(folder, { recursive: true });
  });
  const start = () => harness.startProgram<Asked, Told>('harness/echo-process.ts');
  return { harness, bundled, start };
}

test('a program is bundled once, answers in types, and tells why it fails', async () => {
  const { bundled, start } = await setUp();
  const [first, second] = await Promise.all([start(), start()]);
  await Promise.all([first.next('started'), second.next('started')]);
  expect(bundled).toEqual([join('bench', 'harness', 'echo-process.ts')]);
  const values = Float64Array.of(1, NaN, 0.1);
  expect((await first.ask({ type: 'echo', values }, 'echoed')).values).toEqual(values);
  await expect(second.ask({ type: 'fail', sentence: 'no such backend' }, 'echoed')).rejects.toThrow('no such backend');
});

test('closing ends every process, and none starts after it', async () => {
  const { harness, start } = await setUp();
  const child = await start();
  await child.next('started');
  await harness.close();
  expect(() => process.kill(child.pid, 0)).toThrow('ESRCH');
  await expect(start()).rejects.toThrow('the benchmark has ended');
});
