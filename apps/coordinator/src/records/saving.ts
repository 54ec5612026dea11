/**
 * When checkpoints are written and what goes into one. The step loop only copies the state; hashing, writing, syncing
 * and pruning happen in a thread.
 */
import { Worker } from 'node:worker_threads';
import { CheckpointError, CheckpointWriter, MAX_SAVES } from '@gradcast/checkpoint';
import type { Checkpoint, WriterThread } from '@gradcast/checkpoint';
import type { LedgerPosition } from '@gradcast/ledger';
import type { RunFolder } from '@gradcast/run-folder';
import { nameTensors } from '@gradcast/optimizer';
import type { StateVectors, TrainingState } from '@gradcast/optimizer';
import { entryUrl } from '../entry.ts';

export interface SavingOptions {
  readonly folder: Pick<RunFolder, 'checkpoints'>;
  readonly state: TrainingState;
  readonly config: unknown;
  readonly incarnation: number;
  readonly saveEvery: number;
  readonly saveSeconds: number;
  readonly keepLast: number;
  /** The ledger: no checkpoint speaks of lines that are not on the disk before it. */
  readonly ledger: { readonly position: LedgerPosition; sync(): Promise<void> };
  /** What results were computed with so far; part of each checkpoint. */
  readonly profiles: () => readonly string[];
  readonly now: () => number;
  /** What else a checkpoint of this moment says. */
  readonly facts?: () => Readonly<Record<string, string>>;
  /** Which checkpoints stay besides the newest: see `Checkpoints.keepLast`. */
  readonly anchorEvery?: number | undefined;
  /** Starts what hashes and writes; a thread of its own unless a test gives another. */
  readonly startThread?: () => WriterThread;
  readonly onSaved: (seconds: number, step: number) => void;
  readonly onFailed: (sentence: string) => void;
}

export class Saving {
  readonly #options: SavingOptions;
  readonly #writer: CheckpointWriter;
  readonly #underWay = new Set<Promise<boolean>>();
  #savedAt: number;
  #savedStep = -1;

  constructor(options: SavingOptions) {
    this.#options = options;
    const { folder, keepLast, anchorEvery } = options;
    const start = options.startThread ?? (() => new Worker(entryUrl('checkpoint-thread', import.meta.url)));
    this.#writer = new CheckpointWriter({ start, folder: folder.checkpoints.folder, keepLast, anchorEvery });
    this.#savedAt = options.now();
  }

  /** Saves if one is due; a disk that has not finished the last two skips this one. */
  afterStep(): void {
    const { saveEvery, saveSeconds, state, now } = this.#options;
    const bySteps = saveEvery > 0 && state.version % saveEvery === 0;
    const byTime = saveSeconds > 0 && now() - this.#savedAt >= saveSeconds * 1000;
    if ((bySteps || byTime) && this.#underWay.size < MAX_SAVES) void this.#save();
  }

  /** Saves the present state and waits until it is safe. @returns whether it is. */
  async now(): Promise<boolean> {
    const { version } = this.#options.state;
    await Promise.all(this.#underWay);
    if (this.#savedStep === version) return true;
    return this.#save();
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    await this.#writer.close();
  }

  #save(): Promise<boolean> {
    const saving = this.#write().finally(() => this.#underWay.delete(saving));
    this.#underWay.add(saving);
    return saving;
  }

  async #write(): Promise<boolean> {
    const { now, onSaved, onFailed, state } = this.#options;
    this.#savedAt = now();
    const step = state.version;
    // The state and the ledger's position are of one moment; only writing them takes time.
    const checkpoint = this.#checkpoint();
    try {
      await this.#syncLedger(step);
      const { seconds } = await this.#writer.save(checkpoint);
      this.#savedStep = Math.max(this.#savedStep, step);
      onSaved(seconds, step);
      return true;
    } catch (error) {
      // Training goes on without it: the last checkpoint is still whole.
      onFailed(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  async #syncLedger(step: number): Promise<void> {
    try {
      await this.#options.ledger.sync();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CheckpointError('checkpoint-write', `the checkpoint of step ${step} waits for the ledger: ${why}`, {
        cause: error,
      });
    }
  }

  #checkpoint(): Checkpoint {
    const { state, config, incarnation, profiles, ledger, facts } = this.#options;
    const { entries, length } = state.task.parameters;
    return {
      tensors: nameTensors(state.task, copyOf(state.vectors)),
      info: {
        step: state.version,
        config,
        manifest: { length, entries },
        profile: profiles(),
        incarnation,
        ledger: ledger.position,
        ...(facts && { facts: facts() }),
      },
    };
  }
}

/** The thread takes the memory over, so it gets its own. */
function copyOf({ parameters, slots, ema, running, scalars }: StateVectors): StateVectors {
  return {
    parameters: parameters.slice(),
    slots: slots.map((slot) => slot.slice()),
    ema: ema.slice(),
    running: running.slice(),
    scalars: scalars.slice(),
  };
}
