/** Pointwise steps as statements on `v`, the number at place `i` of an output. */
import type { OutputShape, Pointwise } from '@gradcast/plan';
import { activated, derivative } from './functions.ts';
import { float } from './shader.ts';
import type { Shader } from './shader.ts';

/** Statements that change `v`; `i` is a u32. */
export function stepCode(shader: Shader, steps: readonly Pointwise[], shape: OutputShape): string {
  return steps.map((step) => `{ ${statement(shader, step, shape)} }`).join('\n  ');
}

function statement(shader: Shader, step: Pointwise, { perSample, channels }: OutputShape): string {
  const channel = `(i % ${channels}u)`;
  const sample = `(i / ${perSample}u)`;
  switch (step.step) {
    case 'bias':
      return `v = v + ${shader.floats(step.bias)(channel)};`;
    case 'activate':
      return `v = ${activated(shader, step, 'v')};`;
    case 'activation-gradient':
      return `let y = ${shader.floats(step.y)('i')}; v = v * ${derivative(step, 'y')};`;
    case 'normalize': {
      const [moments, gamma, beta] = [step.moments, step.gamma, step.beta].map((ref) => shader.floats(ref));
      const row = step.labels ? `(u32(${shader.floats(step.labels)(sample)}) * ${channels}u + c)` : 'c';
      return (
        `let c = ${channel}; let row = ${row}; ` +
        `v = (v - ${moments('c')}) * ${moments(`(${channels}u + c)`)} * ${gamma('row')} + ${beta('row')};`
      );
    }
    case 'scale-channels': {
      const row = step.labels ? `(u32(${shader.floats(step.labels)(sample)}) * ${channels}u + ${channel})` : channel;
      return `v = v * ${shader.floats(step.gamma)(row)};`;
    }
    case 'norm-gradient': {
      const [x, moments, sums] = [step.x, step.moments, step.sums].map((ref) => shader.floats(ref));
      const second = `(${channels}u + c)`;
      return (
        `let c = ${channel}; let inverse = ${moments(second)}; ` +
        `let normalized = (${x('i')} - ${moments('c')}) * inverse; ` +
        `v = inverse * (v - (${sums('c')} + normalized * ${sums(second)}) * ${float(Math.fround(1 / step.count))});`
      );
    }
    case 'scale-samples':
      return `v = v * ${shader.floats(step.by)(sample)};`;
    case 'add':
      return `v = v + ${float(Math.fround(step.factor))} * ${shader.floats(step.other)('i')};`;
    default:
      return step satisfies never;
  }
}
