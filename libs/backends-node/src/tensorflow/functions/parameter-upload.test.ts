import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { nativePaths } from '../../native/cache.ts';
import { findToolchain } from '../../native/toolchain.ts';
import { thisMachine, wheelsFor } from '../../native/wheels.ts';
import { ParameterUpload, uploadsArePinned } from './parameter-upload.ts';
import type { UploadBinding } from './parameter-upload.ts';

const VALUES = Float32Array.of(1, 2, 3);

interface FakeOptions {
  readonly gpu?: boolean;
  readonly pinned?: boolean | undefined;
  readonly refuses?: boolean;
}

/** A device on paper: what it holds, by id, and what it was asked for. */
function fakeBinding({ gpu = true, pinned, refuses = false }: FakeOptions = {}) {
  const held = new Map<number, Float32Array>();
  const asked: string[] = [];
  let next = 0;
  const hold = (values: Float32Array) => {
    held.set(next, values);
    return next++;
  };
  const binding: UploadBinding = {
    isUsingGpuDevice: () => gpu,
    createStaging: (length) => {
      asked.push('createStaging');
      if (refuses) throw new Error('memory for uploads cannot be had: OOM');
      return hold(new Float32Array(length));
    },
    upload: (staging, values) => {
      asked.push('upload');
      held.get(staging)!.set(values);
      return hold(gpu ? values.slice() : held.get(staging)!);
    },
    isPinned: () => pinned,
    createTensor: (_, __, values) => {
      asked.push('createTensor');
      return hold(gpu ? Float32Array.from(values) : (values as Float32Array));
    },
    deleteTensor: (id) => void held.delete(id),
  };
  return { binding, held, asked };
}

function uploading(options?: FakeOptions) {
  const told: string[] = [];
  const fake = fakeBinding(options);
  return { ...fake, told, upload: new ParameterUpload(fake.binding, 3, (sentence) => told.push(sentence)) };
}

describe('ParameterUpload', () => {
  it('goes through one memory, and leaves nothing', () => {
    const { upload, held, asked, told } = uploading({ pinned: true });
    expect(upload.id).toBeUndefined();
    upload.load(VALUES);
    upload.load(VALUES.map((value) => 2 * value));
    expect(held.get(upload.id!)).toEqual(Float32Array.of(2, 4, 6));
    expect([asked, told]).toEqual([['createStaging', 'upload', 'upload'], []]);
    expect(held.size).toBe(2);
    upload.dispose();
    expect([held.size, upload.id]).toEqual([0, undefined]);
  });

  it.each([false, undefined])('says once that a GPU is fed from other memory (pinned: %s)', (pinned) => {
    const { upload, told } = uploading({ pinned });
    upload.load(VALUES);
    upload.load(VALUES);
    expect(told).toEqual([expect.stringContaining('not know as pinned')]);
  });

  it('has nothing to say of a processor', () => {
    const { upload, told } = uploading({ gpu: false });
    upload.load(VALUES);
    expect(told).toEqual([]);
  });

  it.each([true, false])(
    'takes an array of its own where there is no such memory, and says so once (GPU: %s)',
    (gpu) => {
      const { upload, held, asked, told } = uploading({ gpu, refuses: true });
      const values = VALUES.slice();
      for (const scale of [1, 2]) {
        values.forEach((value, i) => (values[i] = scale * value));
        upload.load(values);
        expect(held.get(upload.id!)).toEqual(values);
      }
      // A tensor that lies over the array must not lie over the caller's.
      values.fill(0);
      expect(held.get(upload.id!)).toEqual(Float32Array.of(2, 4, 6));
      expect(asked).toEqual(['createStaging', 'createTensor', 'createTensor']);
      expect(told).toEqual(['parameters go up from memory that is not pinned: memory for uploads cannot be had: OOM']);
      upload.dispose();
      expect(held.size).toBe(0);
    },
  );
});

describe('uploadsArePinned', () => {
  it.each([true, false, undefined])('says what the driver says (%s), and leaves nothing', (pinned) => {
    const { binding, held } = fakeBinding({ pinned });
    expect([uploadsArePinned(binding), held.size]).toEqual([pinned, 0]);
  });
});

/** A driver that knows memory as pinned or answers as the real one does of memory that it does not know. */
const DRIVER = `
#include <cstdlib>
extern "C" int cuPointerGetAttribute(void *data, int attribute, unsigned long long address) {
  const char *type = std::getenv("FAKE_MEMORY_TYPE");
  if (attribute != 2 || address == 0 || !type) return 1;
  *static_cast<unsigned int *>(data) = std::atoi(type);
  return 0;
}
`;

/** Arguments: prelude, libraries, binding; then the driver, or nothing. */
const SCRIPT = `
const [prelude, framework, library, binding, driver] = process.argv.slice(1);
const { loadLibrary, setEnvironment } = require(prelude);
setEnvironment('TF_CPP_MIN_LOG_LEVEL', '2');
for (const path of [framework, library]) loadLibrary(path);
if (driver) loadLibrary(driver);
const tensorflow = require(binding);
const staging = tensorflow.createStaging(3);
const attempt = (body) => { try { return body(); } catch (error) { return error.message; } };
const answers = [String(tensorflow.isPinned(staging))];
const read = (id) => { const values = new Float32Array(3); tensorflow.readTensor(id, [values]); tensorflow.deleteTensor(id); return values.join(); };
for (const values of [[1, 2, 3], [4, 5, 6]]) answers.push(read(tensorflow.upload(staging, Float32Array.from(values))));
answers.push(attempt(() => tensorflow.upload(staging, new Float32Array(4))));
answers.push(attempt(() => tensorflow.upload(99, new Float32Array(3))));
answers.push(attempt(() => tensorflow.createStaging(0)));
process.stdout.write(JSON.stringify(answers));
`;

/** Needs the installed library: `gradcast doctor --install`. */
const paths = nativePaths(wheelsFor(thisMachine(), 'cpu'));

describe.runIf(process.platform === 'linux' && existsSync(paths.binding))('the installed library', () => {
  const run = promisify(execFile);

  async function answers(env: Record<string, string>, driver?: string): Promise<string[]> {
    const { prelude, framework, library, binding } = paths;
    const args = [prelude, framework, library, binding, ...(driver === undefined ? [] : [driver])];
    const { stdout } = await run(process.execPath, ['-e', SCRIPT, '--', ...args], { env: { ...process.env, ...env } });
    return JSON.parse(stdout) as string[];
  }

  it('uploads through its own memory, and says of it what the driver does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gradcast-driver-'));
    try {
      const driver = join(folder, 'libcuda.so.1');
      await writeFile(`${driver}.cc`, DRIVER);
      const { compiler } = await findToolchain(process.env);
      await run(compiler!.compiler, ['-shared', '-fPIC', '-Wl,-soname,libcuda.so.1', '-o', driver, `${driver}.cc`]);
      const [none, ...values] = await answers({});
      expect(none).toBe('undefined');
      expect(values).toEqual([
        '1,2,3',
        '4,5,6',
        'upload takes as many floats as its staging tensor has',
        'there is no tensor of that id',
        'createStaging takes a number of floats',
      ]);
      const pinned = async (env: Record<string, string>) => (await answers(env, driver))[0];
      // Host, device, and an address that it does not know.
      expect(await pinned({ FAKE_MEMORY_TYPE: '1' })).toBe('true');
      expect(await pinned({ FAKE_MEMORY_TYPE: '2' })).toBe('false');
      expect(await pinned({})).toBe('false');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
