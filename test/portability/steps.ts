/**
 * Gradients and whole steps on the `wasm` backend, in any runtime: the same program runs in Node and in a browser's page.
 *
 * A step is what `apps/coordinator/src/round.ts` makes of it, without a network in between, so the hashes are those of a
 * run with this preset, seed and number of steps.
 */
import { DEFINITION_FLAGS, flagDefault } from '@gradcast/definition';
import { EXAMPLE } from '@gradcast/definition/example';
import { createEngine } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import { heldColumn, MicroBatches } from '@gradcast/dataset';
import { ganTask, presets } from '@gradcast/gan';
import type { GanTask } from '@gradcast/gan';
import { definedTask, formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { stateBytes, TrainingState } from '@gradcast/optimizer';
import { codecReserve, createCodec } from '@gradcast/reduction';
import { wholeStep } from '@gradcast/step';
import type { WholeStepOptions } from '@gradcast/step';
import { selectKernels } from '@gradcast/vector';

export const SEED = 9;
/** Micro-batch of the lone gradients: the smallest that BatchNorm takes. */
export const GRADIENT_IMAGES = 16;

export type PresetName = keyof typeof presets;

/** What to compute: a gradient of each preset named, and states after these numbers of steps, ascending. */
export interface Request {
  readonly gradients: readonly PresetName[];
  readonly steps: Readonly<Partial<Record<PresetName, readonly number[]>>>;
}

/** One answer; `steps` is 0 for a lone gradient. */
export interface Answer {
  readonly preset: PresetName;
  readonly steps: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly seconds: number;
}

export interface Surroundings {
  readonly backend: LoadedBackend;
  /** Images of MNIST's training half, `[60000, 784]`; asked for only when steps are taken. */
  readonly images: () => Promise<Uint8Array>;
  /** Their labels, `[60000]`. */
  readonly labels: () => Promise<Uint8Array>;
}

/** Computes what is asked for, one answer after the other. */
export async function* answers(request: Request, around: Surroundings): AsyncGenerator<Answer> {
  for (const preset of request.gradients) {
    const began = performance.now();
    const hashes = { gradientSha256: await gradientHash(preset, around.backend) };
    yield { preset, steps: 0, hashes, seconds: (performance.now() - began) / 1000 };
  }
  for (const [preset, marks] of Object.entries(request.steps) as [PresetName, readonly number[]][]) {
    const began = performance.now();
    for await (const { steps, hashes } of statesAt(preset, marks, around)) {
      yield { preset, steps, hashes, seconds: (performance.now() - began) / 1000 };
    }
  }
}

async function gradientHash(preset: PresetName, backend: LoadedBackend): Promise<string> {
  const model = ganTask(presets[preset]);
  const engine = createEngine(model, backend);
  engine.load(formulaParameters(model));
  const vector = new Float32Array(model.parameters.length + model.tail.length);
  await engine.gradient(formulaMicroBatch(model, GRADIENT_IMAGES), vector);
  engine.dispose();
  return sha256([new Uint8Array(vector.buffer)]);
}

async function* statesAt(
  name: PresetName,
  marks: readonly number[],
  { backend, images, labels }: Surroundings,
): AsyncGenerator<Pick<Answer, 'steps' | 'hashes'>> {
  const model = taskOf(name);
  const pixels = await images();
  const kernels = selectKernels({ reserve: [...TrainingState.reserve(model), ...codecReserve('f32', model)] });
  const codec = createCodec('f32', { layout: model, seed: SEED, kernels });
  const state = TrainingState.initial({ task: model, kernels }, SEED);
  const inputs = heldColumn(pixels, [28, 28, 1]);
  const dataset = { inputs, labels: heldColumn(await labels(), []), count: inputs.count };
  const shape = { microBatchSize: model.microBatch, microBatches: model.microBatches };
  const cutter = new MicroBatches({ dataset, fields: model.fields, shape, seed: SEED });
  const cut: WholeStepOptions['cut'] = (version, range) => cutter.cut(version, range);
  const engine = createEngine(model, backend);
  for (const mark of marks) {
    while (state.version < mark) {
      const { divergence } = await wholeStep({ engine, state, cut, codec, kernels });
      if (divergence !== undefined) throw new Error(divergence);
    }
    const bytes = stateBytes(state.vectors);
    const hashes = { parametersSha256: await sha256(bytes.slice(0, 1)), stateSha256: await sha256(bytes) };
    yield { steps: mark, hashes };
  }
  engine.dispose();
}

/** The task of a run in which nobody set anything but the preset. */
function taskOf(name: PresetName): GanTask {
  const task = ganTask(presets[name]);
  const flags = Object.fromEntries(DEFINITION_FLAGS.map((flag) => [flag.key, flagDefault(flag, task)]));
  return definedTask(task, { ...EXAMPLE, ...flags, preset: name, microBatchSize: task.microBatch });
}

/** Hexadecimal, by Web Crypto: browsers have nothing else. */
async function sha256(parts: readonly Uint8Array[]): Promise<string> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
