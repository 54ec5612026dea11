import { expect, test } from 'vitest';
import { callsOf, gainsOf, planCounts, speedsOf, targetsOf } from './summary.ts';
import type { Turn } from './summary.ts';

const turn = (way: string, device: string, ms: number): Turn => ({
  preset: 'mnist',
  samples: 32,
  way,
  device,
  images: 32,
  ms,
  cpuMs: 2 * ms,
});
const turns = [
  turn('webgpu', 'software:SwiftShader', 1000),
  turn('webgpu-tfjs', 'software:SwiftShader', 4000),
  turn('webgpu-tfjs', 'software:SwiftShader', 6000),
  turn('webgpu', 'software:SwiftShader', 2000),
];

test('speeds are medians, gains those of paired rounds', () => {
  const [plans, tfjs] = speedsOf(turns);
  expect(plans).toMatchObject({ way: 'webgpu', imagesPerSecond: 32, fastest: 32, imagesPerCpuSecond: 16 });
  expect(plans.teraflopsPerSecond).toBeCloseTo(planCounts('mnist', 32).flops / 1e12, 6);
  expect(tfjs.imagesPerSecond).toBe(8);
  expect(gainsOf(turns)).toEqual([{ preset: 'mnist', samples: 32, times: 4, timesOfProcessorTime: 4 }]);
  expect(gainsOf(turns.slice(0, 1))).toEqual([]);
});

test('goals of a GPU are judged on a GPU alone, those of a software adapter there', () => {
  const judged = (device: string) => {
    const own = turns.map((each) => ({ ...each, device }));
    return targetsOf(speedsOf(own), gainsOf(own))
      .filter(({ reached }) => reached !== null)
      .map(({ what, measured, reached }) => [what, measured, reached]);
  };
  expect(judged('software:SwiftShader')).toEqual([
    ["times tfjs' own WebGPU kernels on a software adapter, mnist", 4, true],
  ]);
  expect(judged('gpu:H')).toEqual([['images a second of webgpu on a GPU, mnist with 32', 32, false]]);
});

test('counts are those of the last step, phases medians', () => {
  const counts = { dispatches: 1, submits: 1, uploads: 2, readBacks: 1, uploadedBytes: 8, readBackBytes: 4 };
  const step = (device: number) => ({ ...counts, phases: { upload: 1, encode: 1, device, readBack: 0, other: 0 } });
  const found = callsOf({ preset: 'mnist', samples: 32, way: 'webgpu' }, [step(9), step(2), step(3)]);
  expect(found).toMatchObject({ ...counts, phases: { device: 3 } });
});
