/** What the tests on a device run has every kind of kernel: whoever adds one adds a case. */
import { ganTask, tinyPresets } from '@gradcast/gan';
import { compileStep } from '@gradcast/plan';
import type { Launch, Plan, Pointwise } from '@gradcast/plan';
import { builtinTasks } from '@gradcast/tasks';
import { expect, test } from 'vitest';
import { shortProducts } from './for-tests/products.ts';

type Planned = (typeof builtinTasks)[number];

/** What a launch is, apart from its shapes. */
function kindsOf(launch: Launch): string[] {
  const steps = 'steps' in launch ? launch.steps.map(({ step }: Pointwise) => `step ${step}`) : [];
  switch (launch.kind) {
    case 'product':
      return [`${launch.way} ${launch.kernel.kind}${launch.parts > 1 ? ' in parts' : ''}`, ...steps];
    case 'map':
      return [`map ${launch.source.kind}`, ...steps];
    case 'columns':
    case 'columns-end':
      return [`${launch.kind} ${launch.of}${launch.classes > 1 ? ' by class' : ''}`, ...steps];
    default:
      return [launch.kind, ...steps];
  }
}

const kindsIn = (plans: readonly Plan[]) => plans.flatMap(({ launches }) => launches.flatMap(kindsOf));

const stepsOf = (tasks: readonly Planned[], samples: readonly number[]) =>
  tasks.flatMap((task) =>
    samples.flatMap((each): Plan[] => {
      const plan = compileStep(task, task.stepGraph!(each));
      return plan.otherwise ? [plan, plan.otherwise] : [plan];
    }),
  );

test('kernels of the presets are those of their tests', () => {
  const classifier = builtinTasks.find(({ name }) => name === 'classifier')!;
  const steps = stepsOf([...Object.values(tinyPresets).map(ganTask), classifier], [16, 17, 33]);
  const tested = new Set([...kindsIn(steps), ...kindsIn(shortProducts())]);
  const used = new Set(kindsIn(stepsOf(builtinTasks, [32])));
  expect([...used].filter((kind) => !tested.has(kind)).sort()).toEqual([]);
});
