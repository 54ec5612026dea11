/** What pointwise steps mean. */
import type { ActivationUse } from '@gradcast/network';
import type { OutputShape, Pointwise } from '../launch.ts';
import type { Memory } from './memory.ts';

/** From a number and its place in the output to what is stored. */
export type Apply = (v: number, i: number) => number;

export function stepsOf(steps: readonly Pointwise[], shape: OutputShape, memory: Memory): Apply {
  const each = steps.map((step) => stepOf(step, shape, memory));
  return (v, i) => each.reduce((value, apply) => apply(value, i), v);
}

function stepOf(step: Pointwise, { perSample, channels }: OutputShape, memory: Memory): Apply {
  const sampleOf = (i: number) => Math.floor(i / perSample);
  switch (step.step) {
    case 'bias': {
      const bias = memory.of(step.bias);
      return (v, i) => v + bias[i % channels];
    }
    case 'activate':
      return (v) => activate(step, v);
    case 'activation-gradient': {
      const y = memory.of(step.y);
      return (v, i) => v * derivative(step, y[i]);
    }
    case 'normalize': {
      const [moments, gamma, beta] = [step.moments, step.gamma, step.beta].map((ref) => memory.of(ref));
      const labels = step.labels && memory.of(step.labels);
      return (v, i) => {
        const c = i % channels;
        const row = labels ? labels[sampleOf(i)] * channels + c : c;
        return (v - moments[c]) * moments[channels + c] * gamma[row] + beta[row];
      };
    }
    case 'scale-channels': {
      const gamma = memory.of(step.gamma);
      const labels = step.labels && memory.of(step.labels);
      return (v, i) => v * gamma[labels ? labels[sampleOf(i)] * channels + (i % channels) : i % channels];
    }
    case 'norm-gradient': {
      const [x, moments, sums] = [step.x, step.moments, step.sums].map((ref) => memory.of(ref));
      return (v, i) => {
        const c = i % channels;
        const normalized = (x[i] - moments[c]) * moments[channels + c];
        return moments[channels + c] * (v - (sums[c] + normalized * sums[channels + c]) / step.count);
      };
    }
    case 'scale-samples': {
      const by = memory.of(step.by);
      return (v, i) => v * by[sampleOf(i)];
    }
    case 'add': {
      const other = memory.of(step.other);
      return (v, i) => v + step.factor * other[i];
    }
    default:
      return step satisfies never;
  }
}

function activate({ activation, slope }: ActivationUse, v: number): number {
  switch (activation) {
    case 'tanh':
      return Math.tanh(v);
    case 'sigmoid':
      return 1 / (1 + Math.exp(-v));
    case 'relu':
      return Math.max(v, 0);
    case 'leaky_relu':
      return v > 0 ? v : slope * v;
    default:
      return activation satisfies never;
  }
}

/** Of the activation where it gave y. */
function derivative({ activation, slope }: ActivationUse, y: number): number {
  switch (activation) {
    case 'tanh':
      return 1 - y * y;
    case 'sigmoid':
      return y * (1 - y);
    case 'relu':
      return y > 0 ? 1 : 0;
    case 'leaky_relu':
      return y > 0 ? 1 : slope;
    default:
      return activation satisfies never;
  }
}
