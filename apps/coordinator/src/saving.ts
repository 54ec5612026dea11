/**
 * When checkpoints are written and what goes into one. The step loop only copies the state; hashing, writing, syncing
 * and pruning happen in a thread.
 */
import { Worker } from 'node:worker_threads';
import { CheckpointWriter } from '@gradcast/checkpoint';
import type { Checkpoint, RunFolder } from '@gradcast/checkpoint';
import { nameTensors } from '@gradcast/optimizer';
import type { StateVectors, TrainingState } from '@gradcast/optimizer';
import { entryUrl } from './entry.ts';

export interface SavingOptions {
  readonly folder: RunFolder;
  readonly state: TrainingState;
  readonly config: unknown;
  readonly incarnation: number;
  readonly saveEvery: number;
  readonly saveSeconds: number;
  readonly keepLast: number;
  /** What results were computed with so far; part of each checkpoint. */
  readonly profiles: () => readonly string[];
  readonly now: () => number;
  readonly onSaved: (seconds: number, step: number) => void;
  readonly onFailed: (sentence: string) => void;
}

export class Saving {
  readonly #options: SavingOptions;
  readonly #writer: CheckpointWriter;
  #savedAt: number;
  #savedStep = -1;

  constructor(options: SavingOptions) {
    this.#options = options;
    const { folder, keepLast } = options;
    const thread = new Worker(entryUrl('checkpoint-thread', import.meta.url));
    this.#writer = new CheckpointWriter({ thread, folder: folder.checkpoints.folder, keepLast });
    this.#savedAt = options.now();
  }

  /** Saves if one is due; a disk that has not finished the last two skips this one. */
  afterStep(): void {
    const { saveEvery, saveSeconds, state, now } = this.#options;
    const bySteps = saveEvery > 0 && state.version % saveEvery === 0;
    const byTime = saveSeconds > 0 && now() - this.#savedAt >= saveSeconds * 1000;
    if ((bySteps || byTime) && !this.#writer.busy) void this.#save();
  }

  /** Saves the present state and waits until it is safe. @returns whether it is. */
  async now(): Promise<boolean> {
    const { version } = this.#options.state;
    await this.#writer.settled();
    if (this.#savedStep === version) return true;
    return this.#save();
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #save(): Promise<boolean> {
    const { now, onSaved, onFailed, state } = this.#options;
    this.#savedAt = now();
    const step = state.version;
    try {
      const { seconds } = await this.#writer.save(this.#checkpoint());
      this.#savedStep = step;
      onSaved(seconds, step);
      return true;
    } catch (error) {
      // Training goes on without it: the last checkpoint is still whole.
      onFailed(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #checkpoint(): Checkpoint {
    const { state, config, incarnation, profiles } = this.#options;
    const { entries, length } = state.model.parameters;
    return {
      tensors: nameTensors(state.model, copyOf(state.vectors)),
      info: {
        step: state.version,
        config,
        manifest: { length, entries },
        profile: profiles(),
        incarnation,
        ledger: { length: state.version, head: state.replica.fingerprint },
      },
    };
  }
}

/** The thread takes the memory over, so it gets its own. */
function copyOf({ parameters, first, second, ema, running, scalars }: StateVectors): StateVectors {
  return {
    parameters: parameters.slice(),
    first: first.slice(),
    second: second.slice(),
    ema: ema.slice(),
    running: running.slice(),
    scalars: scalars.slice(),
  };
}
