/** What the turns of `bench:backends` come to: speeds, what a step asks of a device, and goals. */
import type { PresetName } from '@gradcast/gan';
import { compileStep, countsOf } from '@gradcast/plan';
import type { Counts } from '@gradcast/plan';
import type { Cell } from '../harness/report.ts';
import { median, pairedRatio, round, target } from '../harness/statistics.ts';
import type { Target } from '../harness/statistics.ts';
import type { Timing } from '../harness/timing.ts';
import { PHASES } from './device-calls.ts';
import type { DeviceCalls, Phases } from './device-calls.ts';
import { taskOf } from './warm-engine.ts';

export interface Turn extends Timing {
  readonly preset: PresetName;
  /** Of a micro-batch. */
  readonly samples: number;
  readonly way: string;
  readonly device: string;
  /** Of the turn. */
  readonly images: number;
}

export interface Speed {
  readonly preset: PresetName;
  readonly samples: number;
  readonly way: string;
  readonly device: string;
  readonly imagesPerSecond: number;
  readonly fastest: number;
  readonly imagesPerCpuSecond: number;
  /** Of products alone, as the plan of a step has them. */
  readonly teraflopsPerSecond: number;
}

/** Of plans over tfjs' own kernels on the same device, by rounds. */
export interface Gain {
  readonly preset: PresetName;
  readonly samples: number;
  readonly times: number;
  readonly timesOfProcessorTime: number;
}

/** A step on a WebGPU device. */
export interface StepCalls extends Omit<DeviceCalls, 'phases'> {
  readonly preset: PresetName;
  readonly samples: number;
  readonly way: string;
  /** Medians. */
  readonly phases: Phases;
}

const isOf = (turn: Turn, { preset, samples, way }: Pick<Turn, 'preset' | 'samples' | 'way'>) =>
  turn.preset === preset && turn.samples === samples && turn.way === way;

const speedOf = ({ images, ms }: Turn) => (1000 * images) / ms;
const cpuSpeedOf = ({ images, cpuMs }: Turn) => (1000 * images) / cpuMs;

/** What a step of a preset costs whoever computes it: products' floating-point operations; launches and bytes of its plan. */
export function planCounts(preset: PresetName, samples: number): Counts {
  const task = taskOf(preset, samples);
  return countsOf(compileStep(task, task.stepGraph!(samples)));
}

/** One turn for each preset, size and way, in their order. */
function firsts(turns: readonly Turn[]): Turn[] {
  return turns.filter((turn, index) => turns.findIndex((other) => isOf(other, turn)) === index);
}

/** One speed for each preset, size and way, in the order of the turns. */
export function speedsOf(turns: readonly Turn[]): Speed[] {
  return firsts(turns).map(({ preset, samples, way, device }) => {
    const own = turns.filter((turn) => isOf(turn, { preset, samples, way }));
    const imagesPerSecond = median(own.map(speedOf));
    const flopsPerSecond = (planCounts(preset, samples).flops * imagesPerSecond) / samples;
    return {
      preset,
      samples,
      way,
      device,
      imagesPerSecond: round(imagesPerSecond),
      fastest: round(Math.max(...own.map(speedOf))),
      imagesPerCpuSecond: round(median(own.map(cpuSpeedOf))),
      teraflopsPerSecond: Number((flopsPerSecond / 1e12).toPrecision(3)),
    };
  });
}

export function gainsOf(turns: readonly Turn[]): Gain[] {
  return firsts(turns)
    .filter(({ way }) => way === 'webgpu')
    .flatMap(({ preset, samples }) => {
      const plans = turns.filter((turn) => isOf(turn, { preset, samples, way: 'webgpu' }));
      const tfjs = turns.filter((turn) => isOf(turn, { preset, samples, way: 'webgpu-tfjs' }));
      if (plans.length !== tfjs.length) return [];
      const times = round(pairedRatio(plans.map(speedOf), tfjs.map(speedOf)));
      const timesOfProcessorTime = round(pairedRatio(plans.map(cpuSpeedOf), tfjs.map(cpuSpeedOf)));
      return [{ preset, samples, times, timesOfProcessorTime }];
    });
}

/** Counts of the last step, which are those of each; medians of the phases. */
export function callsOf(at: Pick<StepCalls, 'preset' | 'samples' | 'way'>, steps: readonly DeviceCalls[]): StepCalls {
  const phases = PHASES.map((name) => [name, round(median(steps.map((step) => step.phases[name])))]);
  return { ...at, ...steps.at(-1)!, phases: Object.fromEntries(phases) as Phases };
}

/** Images a second that WebAssembly must reach on one thread, each preset with its own micro-batch. */
const WASM: Readonly<Partial<Record<PresetName, number>>> = { tutorial: 25, dcgan: 80 };
/** Images a second of one worker on a GPU of a data centre, by preset and micro-batch. */
const GPU: readonly (readonly [preset: PresetName, samples: number, goals: Readonly<Record<string, number>>])[] = [
  ['tutorial', 64, { webgpu: 10_000, cuda: 12_000 }],
  ['tutorial', 256, { webgpu: 20_000, cuda: 30_000 }],
  ['tutorial', 1024, { webgpu: 30_000, cuda: 45_000 }],
  ['mnist', 32, { webgpu: 10_000 }],
];
/** How much faster plans must be than tfjs' own kernels, where a processor plays the GPU. */
const TIMES_TFJS = 3;

export function targetsOf(speeds: readonly Speed[], gains: readonly Gain[]): Target[] {
  const found = (preset: PresetName, way: string, samples: number) =>
    speeds.find((each) => each.preset === preset && each.way === way && each.samples === samples);
  const wasm = Object.entries(WASM).map(([name, wanted]) => {
    const preset = name as PresetName;
    const measured = found(preset, 'wasm', taskOf(preset, undefined).preset.microBatch)?.imagesPerSecond;
    return target(`images a second of wasm on one thread, ${preset}`, wanted, measured);
  });
  const gpu = GPU.flatMap(([preset, samples, goals]) =>
    Object.entries(goals).map(([way, wanted]) => {
      const speed = found(preset, way, samples);
      const isHardware = speed !== undefined && !speed.device.startsWith('software:');
      const measured = isHardware ? speed.imagesPerSecond : undefined;
      return target(`images a second of ${way} on a GPU, ${preset} with ${samples}`, wanted, measured);
    }),
  );
  const gain = gains.find(({ preset }) => preset === 'mnist');
  const isSoftware = speeds.some(({ way, device }) => way === 'webgpu' && device.startsWith('software:'));
  const measured = isSoftware ? gain?.times : undefined;
  return [...wasm, ...gpu, target("times tfjs' own WebGPU kernels on a software adapter, mnist", TIMES_TFJS, measured)];
}

export function speedRows(speeds: readonly Speed[], gains: readonly Gain[]): Cell[][] {
  const head = [
    'preset',
    'images',
    'backend',
    'device',
    'images/s',
    'fastest',
    'of processor time',
    'TFLOP/s',
    'x tfjs',
  ];
  const rows = speeds.map((speed) => {
    const { preset, samples, way, device, imagesPerSecond, fastest, imagesPerCpuSecond, teraflopsPerSecond } = speed;
    const gain = gains.find((each) => way === 'webgpu' && each.preset === preset && each.samples === samples);
    const times = gain ? `${gain.times.toFixed(2)} (${gain.timesOfProcessorTime.toFixed(2)})` : '';
    const numbers = [imagesPerSecond, fastest, imagesPerCpuSecond].map((value) => value.toFixed(1));
    return [preset, samples, way, device, ...numbers, teraflopsPerSecond.toPrecision(2), times];
  });
  return [head, ...rows];
}

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

export function callRows(calls: readonly StepCalls[]): Cell[][] {
  const head = ['preset', 'images', 'backend', 'dispatches', 'submits', 'read-backs', 'MB up', 'MB down'];
  const phases = ['upload ms', 'encode ms', 'device ms', 'read-back ms', 'other ms'];
  const rows = calls.map((each) => [
    each.preset,
    each.samples,
    each.way,
    each.dispatches,
    each.submits,
    each.readBacks,
    megabytes(each.uploadedBytes),
    megabytes(each.readBackBytes),
    ...PHASES.map((name) => each.phases[name].toFixed(2)),
  ]);
  return [[...head, ...phases], ...rows];
}

export function planRows(cases: readonly Readonly<{ preset: PresetName; samples: number }>[]): Cell[][] {
  const head = ['preset', 'images', 'launches', 'Mflop', 'MB touched', 'MB up', 'MB down', 'MB arena'];
  const rows = cases.map(({ preset, samples }) => {
    const { launches, flops, bytes, uploadedBytes, resultBytes, arenaBytes } = planCounts(preset, samples);
    const sizes = [bytes, uploadedBytes, resultBytes, arenaBytes].map(megabytes);
    return [preset, samples, launches, (flops / 1e6).toFixed(1), ...sizes];
  });
  return [head, ...rows];
}
