import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { gpuMachine } from './bin/gpu-machine.mjs';

/**
 * Unit tests lie beside their source, those that need a WebGPU adapter as `*.gpu.test.ts` (minutes on a software renderer: `*.long.gpu.test.ts`);
 * tests that start processes lie in test/.
 */
export default defineConfig({
  test: {
    reporters: ['default', './bin/summary-reporter.mjs'],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{apps,libs}/**/src/**/*.test.ts',
            'deploy/**/*.test.ts',
            'bin/**/*.test.mjs',
            'bench/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, '**/*.gpu.test.ts'],
          pool: 'forks',
          // The default leaves a core idle.
          maxWorkers: availableParallelism(),
          // A process takes file after file: starting one, and loading the same libraries again, took as long as the tests. So a file
          // leaves nothing behind that another could notice.
          isolate: false,
          sequence: { groupOrder: 0 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'webgpu',
          include: ['libs/**/src/**/*.gpu.test.ts'],
          // Every tile, size and preset: `npm run test:gpu`.
          exclude: [...configDefaults.exclude, ...(process.env.TEST_GPU ? [] : ['**/*.long.gpu.test.ts'])],
          pool: 'forks',
          // A software renderer computes on all cores but compiles on one, and compiling is most of its time.
          maxWorkers: Math.min(2, availableParallelism()),
          sequence: { groupOrder: 2 },
          env: gpuMachine?.env,
          // What takes seconds takes minutes where other work has the processor.
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          // Minutes of waiting for a link of 900 kB/s: `npm run test:links`. Minutes of a software renderer: `npm run test:gpu`.
          exclude: [
            ...configDefaults.exclude,
            ...(process.env.TEST_LINKS ? [] : ['test/reliability/slow-links.test.ts']),
            ...(process.env.TEST_GPU ? [] : ['**/*.long.gpu.test.ts', 'test/portability/webgpu-tiles.test.ts']),
          ],
          globalSetup: ['test/reliability/references.setup.ts'],
          pool: 'forks',
          // Two files at a time where there are two cores: much of a test is waiting for processes to start or to be missed.
          maxWorkers: Math.min(2, availableParallelism()),
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
