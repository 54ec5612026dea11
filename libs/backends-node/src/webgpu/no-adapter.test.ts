import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

describe('requestAdapter without a driver', () => {
  it('is an error with a code and a remedy', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { requestAdapter } from '@gradcast/backends-web';
          import { nodeGpu } from './gpu.ts';
          export const request = async () => requestAdapter(await nodeGpu());`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      bundle: true,
      format: 'cjs',
      platform: 'node',
      external: ['@tensorflow/*', 'webgpu'],
      write: false,
    });
    const script = `${outputFiles[0].text}
      module.exports.request().then(
        ({ name }) => console.log(JSON.stringify({ name })),
        ({ name, code, message, remedy }) => console.log(JSON.stringify({ name, code, message, remedy })),
      );`;
    // No Vulkan driver is found through an empty list of drivers, whatever the machine has.
    const output = execFileSync(process.execPath, ['--eval', script], {
      env: { PATH: process.env['PATH'], VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' },
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
    const refusal = JSON.parse(output) as { code: string; message: string; remedy: string };
    expect(refusal).toMatchObject({ name: 'BackendError', code: 'webgpu-no-adapter' });
    expect(refusal.message).toBe('WebGPU found no graphics adapter');
    expect(refusal.remedy).toContain('--backend wasm');
  });
});
