/** Arithmetic in double precision on the device: what losses are computed with. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorMetadata } from '../binding.ts';
import { TYPE } from './raw-ops.ts';
import type { RawOps } from './raw-ops.ts';

const T = { T: { type: TYPE.double } } as const;

/** A tensor of doubles, or the same number everywhere. */
type Operand = TensorMetadata | number;

export class Doubles {
  readonly raw: RawOps;
  readonly #constants = new Map<number, TensorMetadata>();

  constructor(raw: RawOps) {
    this.raw = raw;
  }

  fromFloat(x: Tensor): TensorMetadata {
    return this.raw.cast(this.raw.of(x), TYPE.double);
  }

  /** Rounds to single precision. */
  round(x: TensorMetadata): TensorMetadata {
    return this.raw.cast(this.raw.cast(x, TYPE.float), TYPE.double);
  }

  /** A tensor of tfjs' of this shape, rounded to single precision. */
  toFloat(x: TensorMetadata, shape: readonly number[]): Tensor {
    return this.raw.toTensor(this.raw.reshape(this.raw.cast(x, TYPE.float), shape));
  }

  add = (a: Operand, b: Operand): TensorMetadata => this.#binary('AddV2', a, b);
  subtract = (a: Operand, b: Operand): TensorMetadata => this.#binary('Sub', a, b);
  multiply = (a: Operand, b: Operand): TensorMetadata => this.#binary('Mul', a, b);
  divide = (a: Operand, b: Operand): TensorMetadata => this.#binary('RealDiv', a, b);
  maximum = (a: Operand, b: Operand): TensorMetadata => this.#binary('Maximum', a, b);
  /** Truth values. */
  less = (a: Operand, b: Operand): TensorMetadata => this.#binary('Less', a, b);
  equal = (a: Operand, b: Operand): TensorMetadata =>
    this.raw.one('Equal', [this.#of(a), this.#of(b)], { ...T, incompatible_shape_error: { bool: true } });
  negate = (x: TensorMetadata): TensorMetadata => this.raw.one('Neg', [x], T);
  abs = (x: TensorMetadata): TensorMetadata => this.raw.one('Abs', [x], T);
  exp = (x: TensorMetadata): TensorMetadata => this.raw.one('Exp', [x], T);
  log = (x: TensorMetadata): TensorMetadata => this.raw.one('Log', [x], T);
  log1p = (x: TensorMetadata): TensorMetadata => this.raw.one('Log1p', [x], T);
  sqrt = (x: TensorMetadata): TensorMetadata => this.raw.one('Sqrt', [x], T);

  /** By truth values. */
  select(where: TensorMetadata, a: Operand, b: Operand): TensorMetadata {
    return this.raw.one('SelectV2', [where, this.#of(a), this.#of(b)], T);
  }

  /** Over one axis, which goes, or stays with length 1 if `keep`. */
  sum(x: TensorMetadata, axis = 0, keep = false): TensorMetadata {
    return this.#reduce('Sum', x, { axis, keep });
  }

  max(x: TensorMetadata, axis = 0, keep = false): TensorMetadata {
    return this.#reduce('Max', x, { axis, keep });
  }

  /** 1 / (1 + e^-z) without overflow. */
  logistic(z: TensorMetadata): TensorMetadata {
    const e = this.exp(this.negate(this.abs(z)));
    return this.divide(this.select(this.less(z, 0), e, 1), this.add(e, 1));
  }

  /** log(1 + e^z) without overflow. */
  softplus(z: TensorMetadata): TensorMetadata {
    return this.add(this.maximum(z, 0), this.log1p(this.exp(this.negate(this.abs(z)))));
  }

  #binary(op: string, a: Operand, b: Operand): TensorMetadata {
    return this.raw.one(op, [this.#of(a), this.#of(b)], T);
  }

  #reduce(op: string, x: TensorMetadata, { axis, keep }: { readonly axis: number; readonly keep: boolean }) {
    const values = { ...T, keep_dims: { bool: keep }, Tidx: { type: TYPE.int32 } };
    return this.raw.one(op, [x, this.raw.integers([axis])], values);
  }

  #of(operand: Operand): TensorMetadata {
    if (typeof operand !== 'number') return operand;
    const known = this.#constants.get(operand);
    if (known) return known;
    const made = this.#constant(operand);
    this.#constants.set(operand, made);
    return made;
  }

  /** The binding takes floats only; three of them hold the bits of a double, and their sums are exact. */
  #constant(value: number): TensorMetadata {
    const parts: number[] = [];
    let rest = value;
    do {
      parts.push(Math.fround(rest));
      rest -= parts.at(-1)!;
    } while (rest !== 0);
    return parts
      .map((part) => this.raw.cast(this.raw.constant([], TYPE.float, Float32Array.of(part)), TYPE.double))
      .reduceRight((sum, part) => this.add(part, sum));
  }
}
