/**
 * Gradients and whole steps on the `wasm` backend, in any runtime: the same program runs in Node and in a browser's page.
 *
 * A step is what `apps/coordinator/src/round.ts` makes of it, without a network in between, so the hashes are those of a
 * run with this preset, seed and number of steps.
 */
import { createEngine } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import { MicroBatches } from '@gradcast/dataset';
import { globalBatch } from '@gradcast/schedule';
import { buildModel, formulaMicroBatch, formulaParameters, presets } from '@gradcast/model';
import type { GradientEngine, Model } from '@gradcast/model';
import { stateBytes, TrainingState } from '@gradcast/optimizer';
import { codecReserve, createCodec, gradientTree } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';
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
}

/** Computes what is asked for, one answer after the other. */
export async function* answers(request: Request, { backend, images }: Surroundings): AsyncGenerator<Answer> {
  for (const preset of request.gradients) {
    const began = performance.now();
    const hashes = { gradientSha256: await gradientHash(preset, backend) };
    yield { preset, steps: 0, hashes, seconds: (performance.now() - began) / 1000 };
  }
  for (const [preset, marks] of Object.entries(request.steps) as [PresetName, readonly number[]][]) {
    const began = performance.now();
    for await (const { steps, hashes } of statesAt(preset, marks, { backend, images })) {
      yield { preset, steps, hashes, seconds: (performance.now() - began) / 1000 };
    }
  }
}

async function gradientHash(preset: PresetName, backend: LoadedBackend): Promise<string> {
  const model = buildModel(presets[preset]);
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
  { backend, images }: Surroundings,
): AsyncGenerator<Pick<Answer, 'steps' | 'hashes'>> {
  const preset = presets[name];
  const model = buildModel(preset);
  const pixels = await images();
  const kernels = selectKernels({ reserve: [...TrainingState.reserve(model), ...codecReserve('f32', model)] });
  const codec = createCodec('f32', { layout: model, seed: SEED, kernels });
  const { learningRate } = preset.optimizer;
  const state = TrainingState.initial({ model, kernels, learningRate }, SEED);
  const count = pixels.length / (28 * 28);
  const dataset = { name: 'mnist', images: pixels, labels: new Uint8Array(count), count, sha256: '' };
  const shape = { microBatchSize: preset.microBatch, microBatches: preset.microBatches };
  const cutter = new MicroBatches({ dataset, preset, shape, seed: SEED });
  const engine = createEngine(model, backend);
  for (const mark of marks) {
    while (state.version < mark) await step(model, { engine, state, cutter, codec });
    const bytes = stateBytes(state.vectors);
    const hashes = { parametersSha256: await sha256(bytes.slice(0, 1)), stateSha256: await sha256(bytes) };
    yield { steps: mark, hashes };
  }
  engine.dispose();
}

interface Tools {
  readonly engine: GradientEngine;
  readonly state: TrainingState;
  readonly cutter: MicroBatches;
  readonly codec: GradientCodec;
}

async function step({ preset }: Model, { engine, state, cutter, codec }: Tools): Promise<void> {
  const { microBatch: size, microBatches: leaves } = preset;
  const { version } = state;
  engine.load(state.replica.vectors.parameters);
  const tree = gradientTree({ start: 0, size: leaves }, { codec, step: version });
  for (let leaf = 0; leaf < leaves; leaf++) {
    const subtree = { start: leaf, size: 1 };
    const node = new Uint8Array(codec.nodeBytes);
    await engine.gradient({ size, ...cutter.cut(version, { first: leaf, count: 1 }) }, codec.vectorFor(node));
    codec.encode(node, { step: version, subtree });
    tree.add(subtree, node);
  }
  const { norms, tail, encoded } = codec.mean(tree.total!, { leaves, step: version });
  if (!norms.finite) throw new Error(`the gradient of step ${version + 1} is not finite`);
  const samples = globalBatch({ microBatchSize: size, microBatches: leaves });
  const average = codec.decodeAverage(encoded);
  state.advance({ average, tail, scalars: state.stepScalars(), norm: norms.norm, samples });
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
