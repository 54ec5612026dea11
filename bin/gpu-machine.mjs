/**
 * The WebGPU device of this machine that tests run on: a GPU where Dawn finds one, else the software renderer that Debian's Chromium
 * brings, so that machines without a GPU test the same kernels.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CHROMIUM = '/usr/lib/chromium';
/** On Linux a GPU has one of these; without any no driver is asked. */
const NODES = ['/dev/dri', '/dev/dxg', '/dev/nvidiactl'];
/** A driver that hangs is none. */
const LIMIT_MS = 60_000;

/** Asked in a process of its own, because a driver may end it. Not every software renderer says that it is one. */
const ASK = `
import { create } from 'webgpu';
const adapter = await create([]).requestAdapter();
const { isFallbackAdapter = false, device = '', description = '' } = adapter?.info ?? {};
const isSoftware = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(device + description);
process.exit(adapter && !isSoftware ? 0 : 1);
`;

function hasGpu() {
  if (process.platform === 'linux' && !NODES.some((node) => existsSync(node))) return false;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const args = ['--input-type=module', '--eval', ASK];
  return spawnSync(process.execPath, args, { cwd, timeout: LIMIT_MS, stdio: 'ignore' }).status === 0;
}

function softwareGpu() {
  const driver = `${CHROMIUM}/vk_swiftshader_icd.json`;
  if (!existsSync(driver)) return undefined;
  return { isHardware: false, env: { LD_LIBRARY_PATH: CHROMIUM, VK_ICD_FILENAMES: driver } };
}

export const gpuMachine = hasGpu() ? { isHardware: true, env: {} } : softwareGpu();
