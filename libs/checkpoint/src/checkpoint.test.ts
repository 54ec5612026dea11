import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './errors.ts';
import { encodeSafetensors } from './safetensors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const checkpoint: Checkpoint = {
  info: {
    step: 469,
    config: { preset: 'mnist', note: 'a "quoted" sha256":"field' },
    manifest: [{ name: 'generator/dense', shape: [2, 3], offset: 0 }],
    profile: { backend: 'wasm' },
    incarnation: 2,
    ledger: { length: 469, head: 'ab'.repeat(32) },
    facts: { stateSha256: 'cd'.repeat(32) },
  },
  tensors: {
    scalars: { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
    parameters: { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, -0, NaN, Infinity, 1e-40, 0.1) },
    position: { dtype: 'F64', shape: [], data: Float64Array.of(2 ** 52 + 1) },
    counts: { dtype: 'U32', shape: [2], data: Uint32Array.of(1, 2 ** 32 - 1) },
  },
};

const codeOf = (path: string): Promise<string> =>
  readCheckpoint(path).then(
    () => 'none',
    (error: unknown) => {
      if (error instanceof CheckpointError) return error.code;
      throw error;
    },
  );

describe('a checkpoint', () => {
  it('comes back as it was', async () => {
    const path = join(folder, 'a.safetensors');
    const written = await writeCheckpoint(path, checkpoint);
    expect(written).toMatchObject({ path, step: 469, bytes: (await readFile(path)).length });
    expect(await readCheckpoint(path)).toEqual(checkpoint);
    expect(await readdir(folder)).toEqual(['a.safetensors']);
  });

  it('has the same bytes each time, and others for another state', async () => {
    const path = join(folder, 'a.safetensors');
    const { sha256 } = await writeCheckpoint(path, checkpoint);
    expect((await writeCheckpoint(path, checkpoint)).sha256).toBe(sha256);
    const info = { ...checkpoint.info, incarnation: 3 };
    expect((await writeCheckpoint(path, { ...checkpoint, info })).sha256).not.toBe(sha256);
  });

  it('is refused after any flipped bit', async () => {
    const path = join(folder, 'a.safetensors');
    await writeCheckpoint(path, checkpoint);
    const sound = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length * 8 - 1), async (bit) => {
        const bytes = Buffer.from(sound);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        await writeFile(path, bytes);
        expect(['checkpoint-corrupt', 'checkpoint-truncated', 'checkpoint-format']).toContain(await codeOf(path));
      }),
      { numRuns: 300 },
    );
  });

  it('is refused at any shorter length', async () => {
    const path = join(folder, 'a.safetensors');
    await writeCheckpoint(path, checkpoint);
    const sound = await readFile(path);
    for (let length = 0; length < sound.length; length++) {
      await writeFile(path, sound.subarray(0, length));
      expect(await codeOf(path)).toBe('checkpoint-truncated');
    }
  });

  it('is refused with bytes after its end', async () => {
    const path = join(folder, 'a.safetensors');
    await writeCheckpoint(path, checkpoint);
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(1)]));
    expect(await codeOf(path)).toBe('checkpoint-corrupt');
  });

  it.each([
    ['a newer format', { format: '2', sha256: '0'.repeat(64) }, /format 2; this version of Gradcast reads up to 1/],
    ['another kind of file', { made_by: 'something else' }, /not a Gradcast checkpoint/],
  ])('is refused if it is %s', async (_, metadata: Record<string, string>, sentence) => {
    const path = join(folder, 'a.safetensors');
    await writeFile(path, Buffer.concat(encodeSafetensors({ tensors: {}, metadata })));
    await expect(readCheckpoint(path)).rejects.toMatchObject({
      code: 'checkpoint-format',
      message: expect.stringMatching(sentence) as string,
    });
  });

  it('is refused if it is missing or a folder', async () => {
    expect(await codeOf(join(folder, 'nowhere'))).toBe('checkpoint-missing');
    expect(await codeOf(folder)).toBe('checkpoint-missing');
  });

  it('leaves nothing half-written behind', async () => {
    const path = join(folder, 'a.safetensors');
    await mkdir(join(path, 'in the way'), { recursive: true });
    await expect(writeCheckpoint(path, checkpoint)).rejects.toMatchObject({ code: 'checkpoint-write' });
    expect(await readdir(folder)).toEqual(['a.safetensors']);
    await expect(writeCheckpoint(join(folder, 'b', 'c'), checkpoint)).rejects.toMatchObject({
      code: 'checkpoint-write',
    });
  });
});

const python = process.env['TEST_PYTHON'] ?? 'python3';
const script = `
import sys, numpy
from safetensors import safe_open
with safe_open(sys.argv[1], framework='np') as file:
    meta = file.metadata()
    print(meta['format'], meta['step'], meta['incarnation'], meta['ledger_length'])
    for name in sorted(file.keys()):
        tensor = file.get_tensor(name)
        print(name, tensor.dtype, list(tensor.shape), tensor.tobytes().hex())
`;

function pythonHasSafetensors(): boolean {
  try {
    execFileSync(python, ['-c', 'import numpy, safetensors'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('for Python', () => {
  it.skipIf(!pythonHasSafetensors())('reads back equal (needs the Python packages safetensors and numpy)', async () => {
    const path = join(folder, 'a.safetensors');
    await writeCheckpoint(path, checkpoint);
    const hex = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
      Buffer.from(buffer, byteOffset, byteLength).toString('hex');
    const { counts, parameters, position, scalars } = checkpoint.tensors;
    expect(execFileSync(python, ['-c', script, path], { encoding: 'utf8' }).trim().split('\n')).toEqual([
      '1 469 2 469',
      `counts uint32 [2] ${hex(counts.data)}`,
      `parameters float32 [2, 3] ${hex(parameters.data)}`,
      `position float64 [] ${hex(position.data)}`,
      `scalars uint8 [3] ${hex(scalars.data)}`,
    ]);
  });
});
