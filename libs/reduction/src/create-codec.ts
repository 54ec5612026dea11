/** The codec of a run, by its name. */
import type { CodecName } from '@gradcast/protocol';
import type { CodecOptions, GradientCodec, GradientLayout } from './codec.ts';
import { FloatCodec } from './float-codec.ts';
import { PackedCodec } from './packed-codec.ts';

/** Lengths of the vectors for which the kernels of a codec should reserve memory. */
export function codecReserve(name: CodecName, layout: GradientLayout): readonly number[] {
  return name === 'f32' ? [] : PackedCodec.reserve(layout);
}

/** @throws RangeError unless the groups cover the parameters: what is in no group would never be measured. */
export function createCodec(name: CodecName, options: CodecOptions): GradientCodec {
  const { parameters, groups } = options.layout;
  const end = groups.reduce((covered, { from, to }) => (from === covered && to >= from ? to : NaN), 0);
  if (end !== parameters.length) throw new RangeError('the groups do not cover the parameters');
  return name === 'f32' ? new FloatCodec(options) : new PackedCodec(name, options);
}
