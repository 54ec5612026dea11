/**
 * The state as named tensors, the form in which checkpoints hold it, and back.
 *
 *     parameters/<name>  adam_first/<name>  adam_second/<name>  ema/<name>  running/<name>  scalars
 *
 * Tensors are stored without the flat vector's padding, which is zero by definition; so any safetensors reader sees
 * plain weights.
 */
import type { Task } from '@gradcast/task';
import type { Layout } from '@gradcast/tensors';
import { STATE_SCALARS } from './training-state.ts';
import type { StateVectors } from './training-state.ts';

/** A tensor of a state; `data` is row-major. */
export type StateTensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'F64'; readonly shape: readonly number[]; readonly data: Float64Array };

/** A stored state does not fit the task; `message` says which tensor. */
export class StateMismatchError extends Error {
  override readonly name = 'StateMismatchError';
  readonly code = 'checkpoint-mismatch';
}

const GROUPS = {
  parameters: 'parameters',
  first: 'adam_first',
  second: 'adam_second',
  ema: 'ema',
  running: 'running',
} as const;
type Group = keyof typeof GROUPS;

/** Every tensor of a state by its stored name; views on the vectors given. */
export function nameTensors(task: Task, vectors: StateVectors): Record<string, StateTensor> {
  const tensors: Record<string, StateTensor> = {};
  for (const group of groupsOf(task)) {
    for (const { name, shape, offset, size } of layoutOf(task, group).entries) {
      tensors[`${GROUPS[group]}/${name}`] = {
        dtype: 'F32',
        shape,
        data: vectors[group].subarray(offset, offset + size),
      };
    }
  }
  tensors['scalars'] = { dtype: 'F64', shape: [STATE_SCALARS.length], data: vectors.scalars };
  return tensors;
}

/**
 * The vectors of a stored state, in memory of their own.
 *
 * @throws StateMismatchError if a tensor is missing or has another shape or type than the task's.
 */
export function collectVectors(task: Task, tensors: Readonly<Record<string, StoredLike>>): StateVectors {
  const scalars = (tensors['scalars'] as StoredLike | undefined)?.data;
  if (!(scalars instanceof Float64Array) || scalars.length !== STATE_SCALARS.length) {
    throw new StateMismatchError('the checkpoint holds no scalars of this version');
  }
  const empty = new Float32Array(0);
  const vectors: Record<Group, Float32Array> = {
    parameters: empty,
    first: empty,
    second: empty,
    ema: empty,
    running: empty,
  };
  for (const group of groupsOf(task)) vectors[group] = collect(tensors, GROUPS[group], layoutOf(task, group));
  return { ...vectors, scalars: scalars.slice() };
}

/** The parameters, the averaged group's replaced by its moving average: `TrainingState.averagedParameters` of a stored state. */
export function collectParameters(task: Task, tensors: Readonly<Record<string, StoredLike>>): Float32Array {
  const parameters = collect(tensors, GROUPS.parameters, task.parameters);
  if (task.average) parameters.set(collect(tensors, GROUPS.ema, layoutOf(task, 'ema')), task.average.group.from);
  return parameters;
}

/** What any reader of checkpoints gives. */
interface StoredLike {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

function groupsOf(task: Task): Group[] {
  const groups: Group[] = ['parameters', 'first', 'second'];
  if (task.average) groups.push('ema');
  if (task.running.length > 0) groups.push('running');
  return groups;
}

function layoutOf(task: Task, group: Group): Layout {
  if (group === 'running') return task.running;
  if (group !== 'ema') return task.parameters;
  const { from, to } = task.average!.group;
  const entries = task.parameters.entries
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
