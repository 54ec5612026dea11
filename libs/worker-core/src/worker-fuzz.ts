/**
 * A worker, its session and its trainer as they are glued in an app, under a hostile or broken coordinator, for tests.
 *
 * What must hold, whatever is sent: nothing is thrown but by the trainer, whose failures end the session with a code and a
 * sentence that fits; what the worker answers fits the protocol's schemas.
 */
import { decodeFrame, PROTOCOL_VERSION } from '@gradcast/protocol';
import { Dice, FrameFuzzer, FuzzTally } from '@gradcast/protocol/fuzzing';
import type { Draft, FuzzReport } from '@gradcast/protocol/fuzzing';
import { SessionHarness } from './session-harness.ts';
import { TrainerHarness, frames, truth } from './trainer-harness.ts';

export interface WorkerFuzzOptions {
  readonly seed: number;
  readonly frames: number;
  /** Recorded frames of coordinators to damage, beside messages that fit the moment. */
  readonly recorded?: readonly Uint8Array[];
  readonly now: () => number;
  readonly usedBytes: () => number;
}

/** Longer sentences than this reach no log and no terminal. */
const LONGEST_SENTENCE = 1200;

/**
 * @returns what became of the frames.
 * @throws whatever the worker throws, or an Error that says which promise was broken, with the number of the frame.
 */
export async function fuzzWorker(options: WorkerFuzzOptions): Promise<FuzzReport> {
  const dice = new Dice(options.seed);
  const fuzzer = new FrameFuzzer(dice);
  const tally = new FuzzTally(options.now, options.usedBytes);
  let worker = new FuzzedWorker();
  for (let frame = 0; frame < options.frames; frame++) {
    try {
      const { recorded = [] } = options;
      const isRecorded = recorded.length > 0 && dice.chance(0.1);
      const bytes = isRecorded ? fuzzer.damage(dice.of(recorded)) : fuzzer.frame(worker.draft(dice));
      const outcome = await tally.takeAsync(() => worker.take(bytes));
      if (outcome !== 'taken') worker = new FuzzedWorker();
    } catch (cause) {
      throw new Error(`frame ${frame} of seed ${options.seed}: ${String(cause)}`, { cause });
    }
  }
  return tally.report;
}

class FuzzedWorker {
  readonly #trainer = new TrainerHarness();
  readonly #session: SessionHarness;
  #version = 0;
  #greeted = false;
  /** Until the trainer has dealt with what it was given. */
  #handled: Promise<void> = Promise.resolve();

  constructor() {
    this.#session = new SessionHarness({ deliver: (bytes) => this.#deliver(bytes) });
    this.#session.connection.events.opened();
  }

  /** @returns `taken`, or how the session ended. */
  async take(bytes: Uint8Array): Promise<string> {
    this.#session.connection.events.message(bytes);
    await this.#handled;
    const outcome = await this.#session.end();
    if (!outcome) {
      if (!this.#session.connection.isClosed) return 'taken';
      this.#session.clock.advance(10_000);
      this.#session.connection.events.opened();
      this.#greeted = false;
      return 'taken';
    }
    const sentence = 'sentence' in outcome ? outcome.sentence : '';
    if (sentence.length > LONGEST_SENTENCE) throw new Error(`a sentence of ${sentence.length} characters`);
    return outcome.kind === 'refused' ? outcome.code : outcome.kind;
  }

  #deliver(bytes: Uint8Array): void {
    this.#handled = this.#trainer.trainer.receive(bytes).catch((error: unknown) => {
      const { code, message } = error as Error & { code?: unknown };
      if (typeof code !== 'string') throw error;
      this.#session.session.giveUp(code, message);
    });
  }

  /** A message that a coordinator could send now. */
  draft(dice: Dice): Draft {
    if (!this.#greeted) {
      this.#greeted = true;
      if (dice.chance(0.9)) return draftOf(frames.welcome());
    }
    switch (dice.below(9)) {
      case 0:
        return draftOf(frames.welcome({ incarnation: dice.below(5) }));
      case 1:
        this.#version = dice.below(3);
        return draftOf(frames.snapshot(truth(this.#version)));
      case 2:
        return draftOf(frames.average(this.#version++));
      case 3:
        return draftOf(frames.skipped(this.#version));
      case 4:
      case 5:
        return draftOf(frames.lease(this.#version, dice.below(8), 1 + dice.below(3)));
      case 6:
        return { header: { ...dice.of(WORDS), incarnation: 3 }, payload: new Uint8Array(0) };
      case 7:
        return dice.chance(0.2)
          ? { header: { type: 'done', incarnation: 3, reason: 'the run is complete' }, payload: new Uint8Array(0) }
          : draftOf(frames.lease(this.#version + 1, 0, 2));
      default:
        return dice.chance(0.3)
          ? {
              header: { type: 'refuse', code: 'silent', sentence: `protocol ${PROTOCOL_VERSION}`, retry: 'later' },
              payload: new Uint8Array(0),
            }
          : draftOf(frames.snapshot(truth(this.#version)));
    }
  }
}

/** Messages that need no replica. */
const WORDS = [
  { type: 'ping', id: 7 },
  { type: 'pong', id: 7 },
  { type: 'state', state: 'paused' },
  { type: 'drain', reason: 'drained by the operator' },
] as const;

function draftOf(frame: Uint8Array): Draft {
  const { header, payload } = decodeFrame(frame);
  return { header: header as Record<string, unknown>, payload };
}
