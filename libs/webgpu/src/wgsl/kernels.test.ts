import { ganTask, tinyPresets } from '@gradcast/gan';
import { accessesOf, compileOutput, compileStep, invocations, tileNames, tiles } from '@gradcast/plan';
import type { Plan, Value } from '@gradcast/plan';
import { builtinTasks } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { kernelOf } from './kernels.ts';

const tasks = [...builtinTasks, ...Object.values(tinyPresets).map(ganTask)];
/** What every device has. */
const GUARANTEED = { bindings: 8, workgroups: 65_535, invocations: 256, workgroupBytes: 16_384 };

function plansOf(task: (typeof tasks)[number]): Plan[] {
  return [17, 1024].flatMap((samples) => {
    const step = compileStep(task, task.stepGraph!(samples), { largestBuffer: 2 ** 31 });
    const output = compileOutput(task, task.outputChain()!, { largestBuffer: 2 ** 31 });
    return [step, step.otherwise ?? step, output.measure(samples), output.infer(samples)];
  });
}

const bufferOf = ({ home, arena }: Value) => `${home} ${arena}`;

describe('kernelOf', () => {
  it.each(tasks.map((task) => [task.name, task] as const))('keeps to the limits of every device: %s', (_, task) => {
    for (const plan of plansOf(task)) {
      for (const launch of plan.launches) {
        const { name, code, bindings, workgroups } = kernelOf(plan, launch);
        expect(bindings.length, name).toBeLessThanOrEqual(GUARANTEED.bindings);
        expect(Math.max(...workgroups), name).toBeLessThanOrEqual(GUARANTEED.workgroups);
        const [, size] = /@workgroup_size\((\d+)\)/.exec(code)!;
        expect(Number(size), name).toBeLessThanOrEqual(GUARANTEED.invocations);
        const shared = [...code.matchAll(/var<workgroup> \w+: array<(f32|vec3f|vec4f), (\d+)>/g)];
        const bytes = shared.reduce((sum, [, type, count]) => sum + Number(count) * (type === 'f32' ? 4 : 16), 0);
        expect(bytes, name).toBeLessThanOrEqual(GUARANTEED.workgroupBytes);
      }
    }
  });

  it.each(tasks.map((task) => [task.name, task] as const))(
    'binds what a launch touches, and no more: %s',
    (_, task) => {
      for (const plan of plansOf(task)) {
        for (const launch of plan.launches) {
          const { name, bindings } = kernelOf(plan, launch);
          const { reads, writes } = accessesOf(launch);
          const values = bindings.flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
          expect([...new Set(values)].sort(), name).toEqual(
            [...new Set([...reads, ...writes].map(({ value }) => value))].sort(),
          );
          // A buffer is bound for reading or for writing in one kernel, never for both.
          const written = new Set(writes.map(({ value }) => bufferOf(plan.values[value])));
          for (const { value, access } of bindings) {
            if (typeof value !== 'number') continue;
            expect(access, name).toBe(written.has(bufferOf(plan.values[value])) ? 'read_write' : 'read');
          }
        }
      }
    },
  );

  it('reads operands of tiled products four by four where channels are multiples of 4, and memory is aligned', () => {
    for (const plan of plansOf(builtinTasks.find(({ name }) => name === 'tutorial')!)) {
      for (const launch of plan.launches) {
        if (launch.kind !== 'product' || launch.kernel.kind !== 'tiled') continue;
        const { way, convolution, left, right, name } = launch;
        const inner = way === 'by-input' ? convolution.filters : convolution.channels;
        const { bindings } = kernelOf(plan, launch);
        const fours = bindings.flatMap(({ value, isFours }) => (isFours ? [value] : []));
        const wanted = [
          ...(inner % 4 === 0 ? [left.value] : []),
          ...(convolution.filters % 4 === 0 ? [right.value] : []),
        ];
        expect(fours, name).toEqual(wanted);
        for (const { value, at } of [left, right]) {
          if (fours.includes(value)) expect([at % 4, plan.values[value].offset % 16], name).toEqual([0, 0]);
        }
      }
    }
  });

  it('gives the same text for the same plan', () => {
    const [task] = tasks;
    const texts = () => {
      const plan = compileStep(task, task.stepGraph!(16));
      return plan.launches.map((launch) => kernelOf(plan, launch).code);
    };
    expect(texts()).toEqual(texts());
  });
});

describe('tiles', () => {
  it.each(tileNames)('of %s fit the smallest workgroups', (name) => {
    const { rows, columns, depth, perInvocation } = tiles[name];
    expect(invocations(tiles[name])).toBeLessThanOrEqual(GUARANTEED.invocations);
    expect(4 * depth * (rows + columns)).toBeLessThanOrEqual(GUARANTEED.workgroupBytes);
    // Parts of a sum begin at multiples of 16.
    expect(16 % depth).toBe(0);
    expect([perInvocation[0] % 4, perInvocation[1] % 4]).toEqual([0, 0]);
  });
});
