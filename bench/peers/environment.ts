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
import { cacheFolder } from '@gradcast/backends-node';
import { BenchmarkError } from '../harness/errors.ts';
import type { Harness } from '../harness/harness.ts';
import { tell } from '../harness/report.ts';

/** Versions for which all pinned packages have wheels, the system's own choice first. */
const PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11'];
const SUPPORTED = ['3.11', '3.12', '3.13'];
const WHICH = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
const LOADS = [
  'import keras, tensorflow, torch, torch.distributed',
  'assert torch.distributed.is_gloo_available(), "this PyTorch has no gloo"',
  'print(tensorflow.__version__, keras.__version__, torch.__version__)',
].join('\n');

export interface PythonEnvironment {
  /** The program. */
  readonly python: string;
  /** Of what it runs. */
  readonly versions: Readonly<Record<'python' | 'tensorflow' | 'keras' | 'torch', string>>;
}

/**
 * Makes the environment if it is not there.
 *
 * @param options whether PyTorch shall compute on a GPU, which takes more libraries.
 * @throws BenchmarkError if no Python fits or a package cannot be had.
 */
export function pythonEnvironment(
  harness: Harness,
  options: { readonly gpu: boolean } = { gpu: false },
): Promise<PythonEnvironment> {
  return new Environment(harness, options).ready();
}

class Environment {
  readonly #harness: Harness;
  readonly #pins: string;
  readonly #cudaPins: string;
  readonly #gpuPins: readonly string[];

  constructor(harness: Harness, { gpu }: { readonly gpu: boolean }) {
    const pinsOf = (name: string) => join(harness.root, 'bench', 'peers', name);
    this.#harness = harness;
    this.#pins = pinsOf('requirements.txt');
    this.#cudaPins = pinsOf('requirements-cuda.txt');
    this.#gpuPins = gpu ? [pinsOf('requirements-gpu.txt')] : [];
  }

  async ready(): Promise<PythonEnvironment> {
    const { program, version } = await this.#findPython();
    const hash = createHash('sha256').update(version);
    for (const file of [this.#pins, this.#cudaPins, ...this.#gpuPins]) hash.update(await readFile(file));
    const cache = join(cacheFolder(), 'peers');
    const key = `python-${version}-${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 8)}`;
    const folder = join(cache, key);
    if (!existsSync(folder)) await this.#make({ program, cache, key });
    const python = join(folder, 'bin', 'python');
    return { python, versions: { python: version, ...(await this.#versionsIn(python)) } };
  }

  async #findPython() {
    for (const program of PYTHONS) {
      const version = await this.#output(program, ['-c', WHICH]).catch(() => '');
      if (SUPPORTED.includes(version)) return { program, version };
    }
    throw new BenchmarkError(
      `the peers need Python ${SUPPORTED.join(', ')} with its venv module as python3 or python3.N on the PATH`,
    );
  }

  async #make({ program, cache, key }: Readonly<Record<'program' | 'cache' | 'key', string>>): Promise<void> {
    const folder = join(cache, key);
    await mkdir(cache, { recursive: true });
    const scratch = await mkdtemp(join(cache, `.${key}-`));
    try {
      await this.#output(program, ['-m', 'venv', scratch]);
      const python = join(scratch, 'bin', 'python');
      const files = (await this.#needsCuda(python)) ? [this.#pins, this.#cudaPins, ...this.#gpuPins] : [this.#pins];
      const megabytes = (await Promise.all(files.map(megabytesOf))).reduce((sum, each) => sum + each);
      tell(`downloading about ${megabytes} MB of Python packages into ${folder}, once; twice that on disk`);
      await this.#pip(python, ['install', '--no-deps', ...files.flatMap((file) => ['-r', file])]);
      // What does not load must not be found the next time.
      await this.#versionsIn(python);
      await rename(scratch, folder).catch((error: unknown) => {
        // Another benchmark may have been faster.
        if (!existsSync(folder)) throw error;
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Whether pip would install PyTorch's CUDA build; asks without downloading it. */
  async #needsCuda(python: string): Promise<boolean> {
    if (process.platform !== 'linux') return false;
    const torch = (await readFile(this.#pins, 'utf8')).split(/\s/).find((word) => word.startsWith('torch=='));
    if (torch === undefined) throw new BenchmarkError(`${this.#pins} pins no torch`);
    const args = ['install', '--dry-run', '--no-deps', '--quiet', '--report', '-', torch];
    const { install } = JSON.parse(await this.#pip(python, args)) as {
      readonly install: readonly { readonly metadata: { readonly version: string } }[];
    };
    return !install[0].metadata.version.endsWith('+cpu');
  }

  async #versionsIn(python: string) {
    const [tensorflow, keras, torch] = (await this.#output(python, ['-c', LOADS])).split(' ');
    return { tensorflow, keras, torch };
  }

  #pip(python: string, args: readonly string[]): Promise<string> {
    const all = ['-m', 'pip', ...args, '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
    return this.#output(python, all, 'pip');
  }

  async #output(command: string, args: readonly string[], name = command): Promise<string> {
    return (await this.#harness.startCommand({ name, command, args }).output).trim();
  }
}

/** The sum of a requirements file's comments like `# 12 MB`. */
async function megabytesOf(file: string): Promise<number> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.reduce((sum, line) => sum + Number(/# (\d+) MB$/.exec(line)?.[1] ?? 0), 0);
}
