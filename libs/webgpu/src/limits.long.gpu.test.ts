/** Plans of presets, not only of small networks, for the least device that there is: `npm run test:gpu`. */
import { ganTask, presets } from '@gradcast/gan';
import { compileStep } from '@gradcast/plan';
import { describe, expect, it } from 'vitest';
import { DevicePlan } from './device-plan.ts';
import { testContext } from './for-tests/device.ts';

const context = await testContext();

describe.skipIf(!context)('a device with the smallest limits that WebGPU guarantees', () => {
  it.each(Object.values(presets))('has plans of $name', async (preset) => {
    const { limits } = context!.device;
    expect(limits.maxStorageBuffersPerShaderStage).toBe(8);
    expect(limits.maxComputeInvocationsPerWorkgroup).toBe(256);
    expect(limits.maxComputeWorkgroupStorageSize).toBe(16_384);
    const task = ganTask(preset);
    const plan = compileStep(task, task.stepGraph!(preset.microBatch));
    const parameters = context!.device.createBuffer({ size: plan.sizes.parameters, usage: 0x88 });
    for (const each of [plan, plan.otherwise!]) (await DevicePlan.create(context!, each, parameters)).dispose();
    parameters.destroy();
  });
});
