/** Libraries that say that they run anywhere do: each is bundled for a browser without anything of Node, and runs there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadBackend } from '@gradcast/backends-node';
import { createEngine } from '@gradcast/engine';
import { builtinTask } from '@gradcast/tasks';
import { repository as root } from '@gradcast/testing';
import { selectKernels } from '@gradcast/vector';
import { serveCompute } from '@gradcast/worker-core';
import type { FromCompute, StartThread, ToCompute } from '@gradcast/worker-core';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { anyRuntimeLibraries } from '../../bin/runtimes.mjs';
import { browserProgram, visit } from './browsers.ts';
import { sha256, workAlone } from './lone-worker.ts';
import type { LoneWork } from './lone-worker.ts';

interface Report {
  readonly library?: string;
  readonly exports?: readonly string[];
  readonly work?: LoneWork;
  readonly failed?: string;
}

/** What a library offers, by the name that imports it. Conformance suites need a test runner. */
async function entriesOf(library: string): Promise<[name: string, file: string][]> {
  const { exports } = JSON.parse(await readFile(join(root, 'libs', library, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  return Object.entries(exports)
    .filter(([path]) => path !== './conformance')
    .map(([path, file]) => [join('@gradcast', library, path), join('libs', library, file)]);
}

/** Bundles for a browser; what needs Node does not get through. */
function bundle(entryPoints: Record<string, string>, options: { readonly splitting?: boolean } = {}) {
  return build({
    absWorkingDir: root,
    entryPoints,
    outdir: '/',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
    ...options,
  });
}

/** A compute thread that is none: the same line, within this process. */
const withinProcess: StartThread = (events) => {
  let take: (message: ToCompute) => void = () => undefined;
  const port = {
    post: (message: FromCompute) => queueMicrotask(() => events.message(message)),
    listen: (listener: (message: ToCompute) => void) => void (take = listener),
    takeArrived: () => Promise.resolve(),
  };
  void serveCompute(port, async () => {
    const backend = await loadBackend('wasm');
    return {
      profile: backend.profile,
      findTask: builtinTask,
      createEngine: (model) => createEngine(model, backend),
      createKernels: (reserve) => selectKernels({ reserve }),
      sha256,
      now: () => performance.now(),
    };
  });
  return { post: (message) => take(message) };
};

describe('libraries that run anywhere', () => {
  let entries: [name: string, file: string][];
  beforeAll(async () => {
    entries = (await Promise.all(anyRuntimeLibraries().map(entriesOf))).flat();
  });

  it('are the stages of a worker at least', () => {
    const names = entries.map(([name]) => name);
    for (const name of ['engine', 'protocol', 'vector', 'worker-core']) expect(names).toContain(`@gradcast/${name}`);
  });

  it('are told from others by a bundle for browsers', async () => {
    const failure = await bundle({ files: 'libs/files/src/index.ts' }).catch((error: unknown) => String(error));
    expect(failure).toMatch(/Could not resolve "node:fs\/promises"/);
  });

  it.skipIf(browserProgram('chromium') === undefined)('run in a page, and a worker made of them', async () => {
    const libraries = await bundle(Object.fromEntries(entries.map(([name, file]) => [`lib/${name}`, file])), {
      splitting: true,
    });
    const programs = await bundle({
      page: 'test/portability/libraries-page.ts',
      'page-thread': 'test/portability/page-thread.ts',
    });
    const scripts = new Map([...libraries.outputFiles, ...programs.outputFiles].map(({ path, text }) => [path, text]));
    const paths = Object.fromEntries(entries.map(([name]) => [name, `/lib/${name}.js`]));
    const reports: Report[] = [];
    await visit('chromium', {
      content: (path) => {
        if (path === '/libraries') return Promise.resolve(['application/json', JSON.stringify(paths)]);
        const script = scripts.get(path);
        return Promise.resolve(script === undefined ? undefined : ['text/javascript', script]);
      },
      onReport: (posted) => {
        const report = posted as Report;
        if (report.failed !== undefined) throw new Error(report.failed);
        reports.push(report);
        return report.work !== undefined;
      },
      limitMs: 120_000,
    });
    const files = new Map(entries.map(([name, file]) => [file, name]));
    const offered = Object.values(libraries.metafile.outputs).flatMap(({ entryPoint = '', exports }) => {
      const library = files.get(entryPoint);
      // A module that is loaded when asked for is an entry point, too.
      return library === undefined ? [] : [{ library, exports: [...exports].sort() }];
    });
    expect(offered).toHaveLength(entries.length);
    expect(reports.slice(0, -1)).toEqual(expect.arrayContaining(offered));
    expect(reports).toHaveLength(offered.length + 1);
    // A worker in a page computes what one in Node does.
    const { work } = reports.at(-1)!;
    expect(work).toEqual(await workAlone(withinProcess));
    expect(work).toMatchObject({ probe: expect.stringMatching(/^[0-9a-f]{64}$/) as string, outcome: { kind: 'done' } });
  });
});
