/**
 * The state as named tensors, the form in which checkpoints hold it, and back.
 *
 *     parameters/<name>  <slot>/<name>  ema/<name>  running/<name>  scalars
 *
 * with the slots of the optimizer, such as adam_first and adam_second.
 *
 * Tensors are stored without the flat vector's padding, which is zero by definition; so any safetensors reader sees
 * plain weights.
 */
import type { MovingAverage, Task } from '@gradcast/task';
import type { Layout } from '@gradcast/tensors';
import { optimizerOf } from './kinds.ts';
import { stateScalars } from './training-state.ts';
import type { StateVectors } from './training-state.ts';

const PARAMETERS = 'parameters';
const EMA = 'ema';
const RUNNING = 'running';

/** A tensor of a state; `data` is row-major. */
export type StateTensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'F64'; readonly shape: readonly number[]; readonly data: Float64Array };

/** A stored state does not fit the task; `message` says which tensor. */
export class StateMismatchError extends Error {
  override readonly name = 'StateMismatchError';
  readonly code = 'checkpoint-mismatch';
}

/** Every tensor of a state by its stored name; views on the vectors given. */
export function nameTensors(task: Task, vectors: StateVectors): Record<string, StateTensor> {
  const tensors: Record<string, StateTensor> = {};
  for (const { stored, layout, of } of groupsOf(task)) {
    for (const { name, shape, offset, size } of layout.entries) {
      tensors[`${stored}/${name}`] = { dtype: 'F32', shape, data: of(vectors).subarray(offset, offset + size) };
    }
  }
  tensors['scalars'] = { dtype: 'F64', shape: [vectors.scalars.length], data: vectors.scalars };
  return tensors;
}

/**
 * The vectors of a stored state, in memory of their own.
 *
 * @throws StateMismatchError if a tensor is missing or has another shape or type than the task's.
 */
export function collectVectors(task: Task, tensors: Readonly<Record<string, StoredLike>>): StateVectors {
  const optimizer = optimizerOf(task.optimizer);
  const scalars = (tensors['scalars'] as StoredLike | undefined)?.data;
  if (!(scalars instanceof Float64Array) || scalars.length !== stateScalars(optimizer).length) {
    throw new StateMismatchError('the checkpoint holds no scalars of this version');
  }
  const { parameters, average, running } = task;
  return {
    parameters: collect(tensors, PARAMETERS, parameters),
    slots: optimizer.slots.map(({ stored }) => collect(tensors, stored, parameters)),
    ema: average ? collect(tensors, EMA, averageLayout(task, average)) : new Float32Array(0),
    running: collect(tensors, RUNNING, running),
    scalars: scalars.slice(),
  };
}

/**
 * The parameters, the averaged group's replaced by its moving average: `TrainingState.averagedParameters` of a stored state.
 *
 * @param raw leaves the parameters themselves.
 */
export function collectParameters(
  task: Task,
  tensors: Readonly<Record<string, StoredLike>>,
  { raw = false }: { readonly raw?: boolean } = {},
): Float32Array {
  const parameters = collect(tensors, PARAMETERS, task.parameters);
  const { average } = task;
  if (average && !raw) parameters.set(collect(tensors, EMA, averageLayout(task, average)), average.group.from);
  return parameters;
}

/** What any reader of checkpoints gives. */
interface StoredLike {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Vectors that are stored under one first name. */
interface StoredGroup {
  readonly stored: string;
  readonly layout: Layout;
  readonly of: (vectors: StateVectors) => Float32Array;
}

function groupsOf(task: Task): StoredGroup[] {
  const { parameters, average, running } = task;
  return [
    { stored: PARAMETERS, layout: parameters, of: (vectors) => vectors.parameters },
    ...optimizerOf(task.optimizer).slots.map(({ stored }, i): StoredGroup => ({
      stored,
      layout: parameters,
      of: (vectors) => vectors.slots[i],
    })),
    ...(average ? [{ stored: EMA, layout: averageLayout(task, average), of: ({ ema }: StateVectors) => ema }] : []),
    { stored: RUNNING, layout: running, of: (vectors) => vectors.running },
  ];
}

function averageLayout({ parameters }: Task, { group: { from, to } }: MovingAverage): Layout {
  const entries = parameters.entries
    .filter(({ offset }) => offset >= from && offset < to)
    .map((entry) => ({ ...entry, offset: entry.offset - from }));
  return { entries, length: to - from };
}

function collect(tensors: Readonly<Record<string, StoredLike>>, group: string, layout: Layout): Float32Array {
  const vector = new Float32Array(layout.length);
  for (const { name, shape, offset } of layout.entries) {
    const stored = Object.hasOwn(tensors, `${group}/${name}`) ? tensors[`${group}/${name}`] : undefined;
    if (stored?.dtype !== 'F32' || stored.shape.join() !== shape.join()) {
      throw new StateMismatchError(`the checkpoint holds no ${group}/${name} of shape [${shape.join(', ')}]`);
    }
    vector.set(stored.data, offset);
  }
  return vector;
}
