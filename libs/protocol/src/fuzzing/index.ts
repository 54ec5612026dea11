/** Hostile frames, for tests of both ends of the wire. */
export { fuzzDecoder } from './fuzz-decoder.ts';
export type { DecoderFuzzOptions } from './fuzz-decoder.ts';
export { Dice } from './dice.ts';
export { FrameFuzzer } from './frame-fuzzer.ts';
export type { Draft } from './frame-fuzzer.ts';
export { FuzzTally } from './tally.ts';
export type { FuzzReport } from './tally.ts';
