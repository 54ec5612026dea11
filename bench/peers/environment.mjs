/**
 * The Python environment in which the peers run: a venv with pinned packages in the user's cache folder.
 *
 *     <cache>/peers/<key>/           complete; its key is a hash of Python's version and of all pins
 *     <cache>/peers/.<key>-XXXXXX/   under way; renamed into place once its packages load, else removed
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../../bin/build.mjs';
import { BenchmarkError, start } from '../processes.mjs';
import { loadSource } from '../report.mjs';

/** Versions for which all pinned packages have wheels, the system's own choice first. */
const PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11'];
const SUPPORTED = ['3.11', '3.12', '3.13'];
const WHICH = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
const LOADS = [
  'import keras, tensorflow, torch, torch.distributed',
  'assert torch.distributed.is_gloo_available(), "this PyTorch has no gloo"',
  'print(tensorflow.__version__, keras.__version__, torch.__version__)',
].join('\n');

const pins = pinsOf('requirements.txt');
const cudaPins = pinsOf('requirements-cuda.txt');

/**
 * Makes the environment if it is not there.
 *
 * @returns `python`, the program, and `versions` of what it runs.
 * @throws BenchmarkError if no Python fits or a package cannot be had.
 */
export async function pythonEnvironment() {
  // Sources that need npm packages are loaded from within dist/.
  await build();
  const { cacheFolder } = await loadSource('libs/backends-node/src/native/cache.ts', {
    external: ['@tensorflow/tfjs-node-gpu'],
  });
  const { program, version } = await findPython();
  const hash = createHash('sha256').update(version);
  for (const file of [pins, cudaPins]) hash.update(await readFile(file));
  const cache = join(cacheFolder(), 'peers');
  const key = `python-${version}-${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 8)}`;
  const folder = join(cache, key);
  if (!existsSync(folder)) await makeEnvironment({ program, cache, key });
  const python = join(folder, 'bin', 'python');
  return { python, versions: { python: version, ...(await versionsIn(python)) } };
}

async function findPython() {
  for (const program of PYTHONS) {
    const version = await output(program, ['-c', WHICH]).catch(() => undefined);
    if (SUPPORTED.includes(version)) return { program, version };
  }
  throw new BenchmarkError(
    `the peers need Python ${SUPPORTED.join(', ')} with its venv module as python3 or python3.N on the PATH`,
  );
}

async function makeEnvironment({ program, cache, key }) {
  const folder = join(cache, key);
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, `.${key}-`));
  try {
    await output(program, ['-m', 'venv', scratch]);
    const python = join(scratch, 'bin', 'python');
    const files = (await needsCuda(python)) ? [pins, cudaPins] : [pins];
    const megabytes = (await Promise.all(files.map(megabytesOf))).reduce((sum, each) => sum + each);
    console.error(`downloading about ${megabytes} MB of Python packages into ${folder}, once; twice that on disk`);
    await pip(python, ['install', '--no-deps', ...files.flatMap((file) => ['-r', file])]);
    // What does not load must not be found the next time.
    await versionsIn(python);
    await rename(scratch, folder).catch((error) => {
      // Another benchmark may have been faster.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Whether pip would install PyTorch's CUDA build; asks without downloading it. */
async function needsCuda(python) {
  if (process.platform !== 'linux') return false;
  const torch = (await readFile(pins, 'utf8')).split(/\s/).find((word) => word.startsWith('torch=='));
  const args = ['install', '--dry-run', '--no-deps', '--quiet', '--report', '-', torch];
  const [{ metadata }] = JSON.parse(await pip(python, args)).install;
  return !metadata.version.endsWith('+cpu');
}

/** The sum of a requirements file's comments like `# 12 MB`. */
async function megabytesOf(file) {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.reduce((sum, line) => sum + Number(/# (\d+) MB$/.exec(line)?.[1] ?? 0), 0);
}

async function versionsIn(python) {
  const [tensorflow, keras, torch] = (await output(python, ['-c', LOADS])).split(' ');
  return { tensorflow, keras, torch };
}

function pip(python, args) {
  const all = ['-m', 'pip', ...args, '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
  return output(python, all, 'pip');
}

async function output(command, args, name = command) {
  return (await start({ name, command, args }).ended).trim();
}

function pinsOf(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
