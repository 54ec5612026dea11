import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOADED, writeJoinPage } from './join-page.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Of the whole compute worker that a visitor loads who chooses the graphics processor: our engine, the tasks, the protocol. */
const MOST_BYTES_OF_GPU = 100_000;
/** What every browser takes on a page that came encrypted, of what is loaded before a tab computes; the binary aside. */
const MOST_BYTES = 150_000;

describe('the join page', () => {
  let folder = '';
  let files = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradcast-join-'));
    await writeJoinPage(root, folder);
    files = await readdir(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has the files that a coordinator gives out, each with its compressed forms', async () => {
    const source = await readFile(join(root, 'apps/coordinator/src/volunteers/join-files.ts'), 'utf8');
    const names = [...source.matchAll(/^ {2}'([^']+\.[a-z]+)': '/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(LOADED.length);
    expect(files.sort()).toEqual(names.flatMap((name) => [name, `${name}.br`, `${name}.gz`]).sort());
    for (const name of names) {
      const [plain, br, gz] = await Promise.all(['', '.br', '.gz'].map((end) => readFile(join(folder, name + end))));
      expect([brotliDecompressSync(br).equals(plain), gunzipSync(gz).equals(plain)]).toEqual([true, true]);
    }
  });

  it(`has at most ${MOST_BYTES / 1000} kB compressed`, async ({ annotate }) => {
    const sizes = await Promise.all(LOADED.map(async (name) => [name, (await stat(join(folder, `${name}.br`))).size]));
    const all = sizes.reduce((sum, [, size]) => sum + size, 0);
    await annotate(`${all} bytes: ${sizes.map(([name, size]) => `${name} ${size}`).join(', ')}`);
    expect(all).toBeLessThan(MOST_BYTES);
  });

  it(`has at most ${MOST_BYTES_OF_GPU / 1000} kB more for the graphics processor, without tfjs`, async ({
    annotate,
  }) => {
    const { size } = await stat(join(folder, 'webgpu.js.br'));
    await annotate(`${size} bytes`);
    expect(size).toBeLessThan(MOST_BYTES_OF_GPU);
    const code = await readFile(join(folder, 'webgpu.js'), 'utf8');
    // Names that tfjs' engine and its programs for WebGPU have.
    expect(code).not.toMatch(/registerBackend|WEBGPU_CPU_FORWARD|FusedConv2D/);
    expect(code).toContain('requestAdapter');
  });

  it('starts on a graphics processor without tfjs, or says why not', async () => {
    const program = join(folder, 'webgpu.mjs');
    await copyFile(join(folder, 'webgpu.js'), program);
    const script = `
      globalThis.navigator ??= { userAgent: '' };
      globalThis.postMessage = (message) => console.log(JSON.stringify(message));
      await import(${JSON.stringify(pathToFileURL(program).href)});`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    expect(JSON.parse(stdout)).toEqual({
      type: 'failed',
      code: 'webgpu-unavailable',
      sentence: 'this browser has no WebGPU in its workers; take the processor',
    });
    await rm(program);
  });

  it('loads nothing from elsewhere and names no code by text', async () => {
    for (const name of LOADED.filter((file) => file.endsWith('.html') || file.endsWith('.css'))) {
      const text = await readFile(join(folder, name), 'utf8');
      expect(text).not.toMatch(/https?:|\/\/[a-z]|style="|\son[a-z]+="/);
    }
    for (const name of ['page.js', 'session.js', 'compute.js', 'webgpu.js']) {
      const imports = (await readFile(join(folder, name), 'utf8')).matchAll(/\bfrom\s*"([^"]+)"/g);
      expect([...new Set([...imports].map(([, path]) => path))]).toEqual(
        name === 'page.js' || name === 'webgpu.js' ? [] : ['./shared.js'],
      );
    }
  });
});
