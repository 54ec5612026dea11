import { ganTask, tinyPresets } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { DeviceKeeper } from './device-keeper.ts';
import { createPlanEngine } from './engine.ts';
import { testContext } from './for-tests/device.ts';
import { RecoveringEngine } from './recovering-engine.ts';

const skip = (await testContext()) === undefined;
const task = ganTask(tinyPresets.softmax);
const vector = () => new Float32Array(task.parameters.length + task.tail.length);

describe.skipIf(skip)('a device that fails', () => {
  it('is told when it is lost, by every call from then on', async () => {
    const context = (await testContext())!;
    const engine = createPlanEngine(task, context);
    engine.load(formulaParameters(task));
    await engine.gradient(formulaMicroBatch(task, 4), vector());
    context.device.destroy();
    await context.device.lost;
    const lost = { name: 'BackendError', code: 'webgpu-device-lost' };
    await expect(engine.gradient(formulaMicroBatch(task, 4), vector())).rejects.toMatchObject(lost);
    expect(() => engine.load(formulaParameters(task))).toThrow(expect.objectContaining(lost));
    await expect(engine.gradient(formulaMicroBatch(task, 5), vector())).rejects.toMatchObject(lost);
    engine.dispose();
  });

  it('is told when it is lost in the middle of a step', async () => {
    const context = (await testContext())!;
    const engine = createPlanEngine(task, context);
    engine.load(formulaParameters(task));
    await engine.gradient(formulaMicroBatch(task, 4), vector());
    const running = engine.gradient(formulaMicroBatch(task, 4), vector());
    context.device.destroy();
    await expect(running).rejects.toMatchObject({ code: 'webgpu-device-lost' });
    engine.dispose();
  });

  it('is replaced in the middle of a step, and the step has the same bits', async () => {
    const told: string[] = [];
    const keeper = await DeviceKeeper.start({
      open: async () => ({ device: (await testContext())!.device, facts: {} }),
      now: () => 0,
      after: () => () => undefined,
      tell: ({ kind }) => void told.push(kind),
    });
    const engine = new RecoveringEngine(task, keeper, (context) => createPlanEngine(task, context));
    engine.load(formulaParameters(task));
    const [first, second] = [vector(), vector()];
    await engine.gradient(formulaMicroBatch(task, 4), first);
    const { device } = keeper.context;
    const running = engine.gradient(formulaMicroBatch(task, 4), second);
    device.destroy();
    await running;
    expect(second).toEqual(first);
    expect(first.some((value) => value !== 0)).toBe(true);
    expect([keeper.context.device === device, told]).toEqual([false, ['lost', 'back']]);
    engine.dispose();
  });

  it('gives no result of a run that it complained of', async () => {
    const context = (await testContext())!;
    const engine = createPlanEngine(task, context);
    engine.load(formulaParameters(task));
    await engine.gradient(formulaMicroBatch(task, 4), vector());
    const submit = context.device.queue.submit.bind(context.device.queue);
    let buffer: GPUBuffer | undefined = context.device.createBuffer({ size: 4, usage: 0x8 });
    context.device.queue.submit = (commands) => {
      buffer?.destroy();
      if (buffer) context.device.queue.writeBuffer(buffer, 0, new Uint8Array(4));
      buffer = undefined;
      submit(commands);
    };
    await expect(engine.gradient(formulaMicroBatch(task, 4), vector())).rejects.toMatchObject({
      code: 'webgpu-refused',
    });
    await engine.gradient(formulaMicroBatch(task, 4), vector());
    engine.dispose();
  });

  it('is told apart when it has not enough memory and when it refuses', async () => {
    const context = (await testContext())!;
    const { device } = context;
    const pop = device.popErrorScope.bind(device);
    let scopes = 0;
    // The inner scope is that of validity, the outer one that of memory.
    device.popErrorScope = async () => {
      scopes += 1;
      const isOuter = scopes === 2;
      return (await pop()) ?? (isOuter ? { message: 'no more' } : null);
    };
    await expect(context.allocate(() => undefined)).rejects.toMatchObject({
      code: 'webgpu-out-of-memory',
      message: 'the GPU has not enough memory: no more',
    });
    await expect(context.allocate(() => 1)).resolves.toBe(1);
    const invalid = () => device.createBuffer({ size: 2 ** 45, usage: 0x80 });
    await expect(context.allocate(invalid)).rejects.toMatchObject({ code: 'webgpu-refused' });
  });

  it('can be used on when buffers could not be made', async () => {
    const context = (await testContext())!;
    const { device } = context;
    const real = device.createBuffer.bind(device);
    let full = true;
    // An error of its scope, and a buffer that cannot be used.
    device.createBuffer = (descriptor) => (full ? real({ ...descriptor, size: 2 ** 45 }) : real(descriptor));
    full = false;
    const engine = createPlanEngine(task, context);
    engine.load(formulaParameters(task));
    full = true;
    await expect(engine.gradient(formulaMicroBatch(task, 4), vector())).rejects.toMatchObject({
      code: 'webgpu-refused',
    });
    full = false;
    const gradient = vector().fill(NaN);
    await engine.gradient(formulaMicroBatch(task, 4), gradient);
    expect(gradient.every(Number.isFinite)).toBe(true);
    engine.dispose();
  });

  it('names the kernel that does not compile', async () => {
    const context = (await testContext())!;
    const kernel = {
      name: 'generator/dense',
      code: 'fn main() { let x: f32 = true; }',
      bindings: [],
      workgroups: [1, 1, 1],
    } as const;
    await expect(context.compiled(kernel)).rejects.toMatchObject({
      code: 'webgpu-shader',
      message: expect.stringMatching(/^the kernel of generator\/dense does not compile: line 1: /) as string,
    });
  });
});
