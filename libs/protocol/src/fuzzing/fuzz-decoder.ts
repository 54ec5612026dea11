/** Damaged recordings of both directions against both decoders: a typed message or a coded refusal, never anything else. */
import { ProtocolError } from '../errors.ts';
import { decodeFrame } from '../frame.ts';
import { decodeFromCoordinator, decodeFromWorker } from '../messages.ts';
import { Dice } from './dice.ts';
import { FrameFuzzer } from './frame-fuzzer.ts';
import type { Draft } from './frame-fuzzer.ts';
import { FuzzTally } from './tally.ts';
import type { FuzzReport } from './tally.ts';

export interface DecoderFuzzOptions {
  readonly seed: number;
  readonly frames: number;
  /** Whole frames to begin with, at least one. */
  readonly recorded: readonly Uint8Array[];
  readonly now: () => number;
  readonly usedBytes: () => number;
}

/** A refusal goes out in a message and into logs. */
const LONGEST_SENTENCE = 400;

/** @throws Error with the number of the frame, if a decoder throws anything but a {@link ProtocolError} that can be sent. */
export function fuzzDecoder({ seed, frames, recorded, now, usedBytes }: DecoderFuzzOptions): FuzzReport {
  const dice = new Dice(seed);
  const fuzzer = new FrameFuzzer(dice);
  const tally = new FuzzTally(now, usedBytes);
  const drafts = recorded.map((bytes) => decodeFrame(bytes) as Draft);
  for (let frame = 0; frame < frames; frame++) {
    const bytes = dice.chance(0.3) ? fuzzer.damage(dice.of(recorded)) : fuzzer.frame(dice.of(drafts));
    const decode = dice.chance(0.5) ? decodeFromWorker : decodeFromCoordinator;
    try {
      tally.take(() => outcomeOf(bytes, decode));
    } catch (cause) {
      throw new Error(`frame ${frame} of seed ${seed}: ${String(cause)}`, { cause });
    }
  }
  return tally.report;
}

function outcomeOf(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): string {
  try {
    decode(bytes);
    return 'taken';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.message.length > LONGEST_SENTENCE) throw new Error(`a refusal of ${error.message.length} characters`);
    return error.code;
  }
}
