/**
 * Keeps a full or failing disk from ending a run or flooding its user: each kind of file is reported once when it begins
 * to fail and once when it is written again, every failure is counted, and training goes on meanwhile.
 */
import type { LineFileEvents } from '@gradcast/files';
import type { WrittenFile } from '@gradcast/metrics';

export interface WriteHealthOptions {
  /** A write of such a file failed. */
  readonly count: (file: WrittenFile) => void;
  readonly notice: (sentence: string) => void;
}

const NAMES: Readonly<Record<WrittenFile, string>> = {
  checkpoint: 'a checkpoint',
  ledger: 'the ledger',
  metrics: 'metrics.jsonl',
  events: 'events.jsonl',
  sample: 'a sample grid',
  tensorboard: 'the event file of TensorBoard',
};

export class WriteHealth {
  readonly #options: WriteHealthOptions;
  readonly #failing = new Set<WrittenFile>();

  constructor(options: WriteHealthOptions) {
    this.#options = options;
  }

  /** @param sentence what failed, without its full stop. */
  failed(file: WrittenFile, sentence: string): void {
    this.#options.count(file);
    if (this.#failing.has(file)) return;
    this.#failing.add(file);
    this.#options.notice(`${sentence}. Training goes on; writing it is tried again`);
  }

  written(file: WrittenFile): void {
    if (this.#failing.delete(file)) this.#options.notice(`${NAMES[file]} could be written again`);
  }

  /** The events of one kind of file. */
  of(file: WrittenFile): LineFileEvents {
    return { failed: ({ message }) => this.failed(file, message), written: () => this.written(file) };
  }
}
