/**
 * What undisturbed runs ended with, for all files of one run of the tests: each is trained once. The folder that holds the
 * hashes is gone when the tests are over.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the hashes of undisturbed runs. */
    readonly references: string;
  }
}

let folder: string;

export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-references-'));
  project.provide('references', folder);
  // Tests that are watched run again because the code is another one.
  project.onTestsRerun(async () => {
    await teardown();
    await mkdir(folder);
  });
}

export async function teardown(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
