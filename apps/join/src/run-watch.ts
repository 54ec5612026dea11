/**
 * Asks the coordinator how the run goes, at a calm pace, and for new samples while somebody looks. One question a page and
 * pause, whatever its number of workers: each time by the secret of another of its sessions, which tells what became of that one's
 * leaves.
 */
import type { Door } from './door.ts';
import type { Report } from './messages.ts';
import type { RunFacts } from './run-facts.ts';

const SEEN_MS = 5_000;
const HIDDEN_MS = 30_000;

export interface RunWatchOptions {
  readonly door: Pick<Door, 'run' | 'samples' | 'code'>;
  /** Secrets of this device's sessions. */
  readonly sessions: () => readonly string[];
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly used: (secret: string, you: NonNullable<RunFacts['you']>) => void;
  readonly samples: (step: number, png: ArrayBuffer) => void;
  readonly changed: () => void;
}

export class RunWatch {
  readonly #options: RunWatchOptions;
  facts: RunFacts | null = null;
  trouble: Report['trouble'] = null;
  #isVisible = true;
  #cancel = () => {};
  #isAsking = false;
  #turn = 0;
  #shownStep = -1;

  constructor(options: RunWatchOptions) {
    this.#options = options;
  }

  set visible(visible: boolean) {
    this.#isVisible = visible;
    if (visible) this.now();
    else this.#schedule();
  }

  /** Asks at once. */
  now(): void {
    if (!this.#isAsking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#cancel();
    this.#isAsking = true;
    const { door, sessions, used, changed } = this.#options;
    const secrets = sessions();
    const secret = secrets.length > 0 ? secrets[this.#turn++ % secrets.length] : door.code;
    const answer = await door.run(secret);
    // A session that the coordinator does not know any more is its worker's to replace.
    const settled = !('facts' in answer) && answer.kind === 'refused' && secret !== door.code ? undefined : answer;
    if (settled && 'facts' in settled) {
      this.facts = settled.facts;
      this.trouble = null;
      if (settled.facts.you) used(secret, settled.facts.you);
      await this.#show(secret, settled.facts);
    } else if (settled) {
      this.trouble = { sentence: settled.sentence, isFinal: settled.kind === 'refused' };
    }
    this.#isAsking = false;
    changed();
    this.#schedule();
  }

  async #show(secret: string, { sampleStep }: RunFacts): Promise<void> {
    if (!this.#isVisible || sampleStep === null || sampleStep === this.#shownStep) return;
    const png = await this.#options.door.samples(secret);
    if (!png) return;
    this.#shownStep = sampleStep;
    this.#options.samples(sampleStep, png);
  }

  #schedule(): void {
    this.#cancel();
    if (this.#isAsking || (this.trouble?.isFinal === true && this.#options.sessions().length === 0)) return;
    this.#cancel = this.#options.after(this.#isVisible ? SEEN_MS : HIDDEN_MS, () => this.now());
  }
}
