/** The part of the conformance suite that runs every kernel of a backend against plain loops. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../backend.ts';
import { KERNEL_TOLERANCE, convolutionChecks, convolutions, kernelChecks } from './kernel-cases.ts';

export interface KernelSuiteOptions {
  /** Convolutions tried per kernel. */
  readonly runs: number;
  readonly tolerance?: number;
  /** Why the machine cannot run this backend; the tests are then reported as skipped. */
  readonly skip?: string | undefined;
}

/** Declares the tests for one backend. */
export function kernelConformance(
  name: string,
  load: () => Promise<LoadedBackend>,
  { runs, tolerance = KERNEL_TOLERANCE, skip }: KernelSuiteOptions,
): void {
  const title = skip === undefined ? name : `${name} (skipped: ${skip})`;
  describe.skipIf(skip !== undefined)(`${title} kernels`, () => {
    let backend: LoadedBackend;
    beforeAll(async () => {
      backend = await load();
    });

    /** Runs a case and asserts that it left no tensor behind, neither in the engine nor in the backend. */
    async function leakFree(body: () => Promise<void>): Promise<void> {
      const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
      await body();
      expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
    }

    it.each(Object.entries(convolutionChecks))('%s equals plain loops on odd shapes', async (_, check) => {
      await fc.assert(
        fc.asyncProperty(convolutions, (c) => leakFree(() => check(backend.kernels, c, tolerance))),
        { numRuns: runs, seed: 20_261 },
      );
    });

    it.each(Object.entries(kernelChecks))('%s equals plain loops', async (_, check) => {
      await leakFree(() => check(backend.kernels, tolerance));
    });
  });
}
