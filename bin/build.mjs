/**
 * Turns the TypeScript of apps/ into `dist/` with esbuild, once per state of the sources.
 *
 * The first `gradcast` call after a checkout builds, so that there is no script for npm to run. A stamp over names, sizes and
 * times of the sources tells whether the last build still holds. The result is put in place with one
 * rename, so commands started side by side never see half a build.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagesOutside, REQUIRE_PACKAGE } from './common-js.mjs';
import { PAGE_FILES, writeExportPage } from './export-page.mjs';
import { WRITTEN, writeJoinPage } from './join-page.mjs';
import { THEME } from './page-files.mjs';
import { writeViewPage, WRITTEN_VIEW } from './view-page.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The command itself; its first line makes it a program of its own. */
const command = { cli: 'apps/cli/src/main.ts' };

/**
 * What every run starts, and `watch`, which writes its report. Each is bundled alone, so that it gets, and loads, only the parts of libraries that
 * it uses: with others it would get every part that any of them uses.
 */
const alone = {
  watch: 'apps/cli/src/watch.ts',
  probe: 'apps/cli/src/probe.ts',
  coordinator: 'apps/coordinator/src/main.ts',
  'checkpoint-thread': 'apps/coordinator/src/records/checkpoint-thread.ts',
  'reduction-thread': 'apps/coordinator/src/leasing/reduction-thread.ts',
  'output-thread': 'apps/coordinator/src/records/output-thread.ts',
  'batch-thread': 'apps/coordinator/src/leasing/batch-thread.ts',
  worker: 'apps/worker/src/main.ts',
  'compute-thread': 'apps/worker/src/compute-thread.ts',
};

/** What few runs load, in chunks that they share: threads of longer runs, what the command loads when asked for it, and the package's API. */
const others = {
  'class-thread': 'apps/coordinator/src/records/class-thread.ts',
  'evaluation-thread': 'apps/coordinator/src/records/evaluation-thread.ts',
  'histogram-thread': 'apps/coordinator/src/records/tensorboard/histogram-thread.ts',
  'tracing-thread': 'apps/coordinator/src/records/tracing/tracing-thread.ts',
  'doctor-command': 'apps/cli/src/doctor-command.ts',
  'own-task': 'apps/cli/src/own-task.ts',
  sample: 'apps/cli/src/sample.ts',
  interpolate: 'apps/cli/src/interpolate.ts',
  animate: 'apps/cli/src/animate.ts',
  export: 'apps/cli/src/export.ts',
  verify: 'apps/cli/src/verify.ts',
  operate: 'apps/cli/src/operate.ts',
  join: 'apps/cli/src/join.ts',
  replay: 'apps/cli/src/replay.ts',
  evaluate: 'apps/cli/src/evaluate.ts',
  api: 'apps/cli/src/api.ts',
};

/**
 * The package of npm that is bundled: half of the time that it takes to load is for translations of its messages, which bundling leaves out.
 */
const BUNDLED = 'zod';

const packages = packagesOutside((name) => name.startsWith('@gradcast/') || name === BUNDLED);

/** What bundles of this repository's TypeScript for Node have in common; other packages of npm stay outside. */
export const forNode = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'error',
  // A package that is imported for what loading it does: see `packagesOutside`.
  logOverride: { 'ignored-bare-import': 'error' },
  banner: { js: REQUIRE_PACKAGE },
  plugins: [packages],
};

/** `import('./sample.ts')` becomes the import of the built entry. */
const loadedWhenAskedFor = {
  name: 'loaded-when-asked-for',
  setup(builder) {
    builder.onResolve({ filter: /^\.\// }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: path.replace(/\.ts$/, '.mjs'), external: true } : undefined,
    );
  },
};

async function sources() {
  const page = [
    THEME,
    ...WRITTEN.map((name) => `apps/join/page/${name}`),
    ...WRITTEN_VIEW.map((name) => `apps/web/page/${name}`),
  ];
  const files = [
    'bin/build.mjs',
    'bin/common-js.mjs',
    'bin/join-page.mjs',
    'bin/page-files.mjs',
    'bin/view-page.mjs',
    'bin/export-page.mjs',
    'package.json',
    ...page,
    ...PAGE_FILES,
  ].map((file) => join(root, file));
  for (const group of ['apps', 'libs']) {
    const found = await readdir(join(root, group), { recursive: true });
    for (const file of found) {
      if (file.includes('node_modules') || file.includes(`${sep}dist${sep}`)) continue;
      if (file.endsWith('.ts') && !file.endsWith('.test.ts')) files.push(join(root, group, file));
      if (file.endsWith('package.json')) files.push(join(root, group, file));
    }
  }
  return files.sort();
}

async function stampOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Builds if the sources changed since the last build.
 *
 * @returns the folder that holds the built entries.
 */
export async function build() {
  const shipped = join(root, 'dist', 'shipped');
  if (existsSync(shipped)) return shipped;
  const stamp = await stampOf(await sources());
  const target = join(root, 'dist', stamp);
  if (existsSync(target)) return target;
  const scratch = join(root, 'dist', `.${stamp}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(scratch, { recursive: true });
  try {
    await bundleInto(scratch);
    await writeFile(join(scratch, 'stamp'), `${stamp}\n`);
    await rename(scratch, target).catch(async (error) => {
      await rm(scratch, { recursive: true, force: true });
      if (!existsSync(target)) throw error;
    });
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
  await forgetOlder(stamp);
  return target;
}

/**
 * Bundles the command, and all that it starts, loads or gives out, into a folder.
 *
 * @param sourcemap as esbuild takes it.
 * @param quality how hard the join page is compressed.
 * @returns esbuild's metafiles of programs and of pages.
 */
export async function bundleInto(folder, { sourcemap = 'linked', quality } = {}) {
  const { build: bundle, stop } = await import('esbuild');
  const options = {
    ...forNode,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    sourcemap,
    // In a checkout they lie where the maps say.
    sourcesContent: false,
    metafile: true,
  };
  try {
    const programs = [
      bundle({
        ...options,
        entryPoints: others,
        splitting: true,
        chunkNames: 'chunk-[hash]',
      }),
      ...Object.entries(alone).map(([name, source]) => bundle({ ...options, entryPoints: { [name]: source } })),
      bundle({
        ...options,
        entryPoints: command,
        banner: { js: `#!/usr/bin/env node\n${REQUIRE_PACKAGE}` },
        plugins: [loadedWhenAskedFor, ...forNode.plugins],
      }),
    ];
    const pages = [
      writeJoinPage(root, join(folder, 'join'), quality),
      writeViewPage(root, join(folder, 'view'), quality),
      writeExportPage(root, join(folder, 'export-page')),
    ];
    const [results, ofPages] = await Promise.all([Promise.all(programs), Promise.all(pages)]);
    return { programs: results.map(({ metafile }) => metafile), pages: ofPages.flat() };
  } finally {
    // Else esbuild's own process would stay for as long as the command runs.
    await stop();
  }
}

/** Keeps the newest few builds: a run that is still going loads its own files to the end. */
async function forgetOlder(current) {
  const folder = join(root, 'dist');
  const builds = [];
  for (const name of await readdir(folder)) {
    if (name === current || !/^[0-9a-f]{16}$/.test(name)) continue;
    builds.push({ name, time: (await stat(join(folder, name))).mtimeMs });
  }
  builds.sort((a, b) => b.time - a.time);
  for (const { name } of builds.slice(4)) await rm(join(folder, name), { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await build();
  console.log((await readFile(join(built, 'stamp'), 'utf8')).trim());
}
