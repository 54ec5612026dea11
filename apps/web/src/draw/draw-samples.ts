/** Sample grids through time: the newest as it comes, or any before it. */
import { whole } from '../format.ts';
import type { Model } from '../model.ts';
import { byId, say } from './dom.ts';

/** Between two grids while they are played; all are shown within so long. */
const LONGEST_FRAME_MS = 400;
const PLAY_MS = 8000;

export class SamplesView {
  #grids: readonly number[] = [];
  /** Index of what is chosen; undefined follows the newest. */
  #chosen: number | undefined;
  #shown: number | undefined;
  #playing: ReturnType<typeof setInterval> | undefined;
  #run = '';

  constructor() {
    const slider = byId<HTMLInputElement>('grids');
    slider.addEventListener('input', () => {
      this.#stop();
      this.#choose(Number(slider.value));
    });
    byId('play').addEventListener('click', () => (this.#playing === undefined ? this.#play() : this.#stop()));
  }

  draw({ grids, run }: Model): void {
    const isSame = run.id === this.#run && grids.length === this.#grids.length && grids.at(-1) === this.#grids.at(-1);
    if (isSame) return;
    if (run.id !== this.#run) this.#chosen = undefined;
    this.#run = run.id;
    this.#grids = grids;
    byId('grid-controls').hidden = grids.length < 2;
    byId<HTMLInputElement>('grids').max = String(Math.max(0, grids.length - 1));
    if (grids.length === 0) {
      const every = run.config['sampleEvery'];
      say(
        byId('grid-said'),
        typeof every === 'number' && every > 0
          ? `The first samples come after step ${every}.`
          : 'This run draws no samples on its way.',
      );
      return;
    }
    this.#show();
  }

  #choose(index: number): void {
    // At its right end it goes on with what comes.
    this.#chosen = index >= this.#grids.length - 1 ? undefined : index;
    this.#show();
  }

  #play(): void {
    let index = 0;
    const step = () => {
      this.#choose(index);
      if (++index >= this.#grids.length) this.#stop();
    };
    byId('play').textContent = 'Stop';
    this.#playing = setInterval(step, Math.min(LONGEST_FRAME_MS, PLAY_MS / this.#grids.length));
    step();
  }

  #stop(): void {
    clearInterval(this.#playing);
    this.#playing = undefined;
    byId('play').textContent = 'Play';
  }

  #show(): void {
    const index = this.#chosen ?? this.#grids.length - 1;
    const step = this.#grids[index];
    const slider = byId<HTMLInputElement>('grids');
    slider.value = String(index);
    const isNewest = index === this.#grids.length - 1;
    const said = `After step ${whole(step)}${isNewest ? ', the newest' : ''}`;
    slider.setAttribute('aria-valuetext', said);
    say(byId('grid-said'), said);
    if (step === this.#shown) return;
    this.#shown = step;
    const image = byId<HTMLImageElement>('grid');
    // The one before stays until this one is there.
    const next = new Image();
    next.src = `view/files/grid?number=${step}`;
    next.decode().then(
      () => {
        if (this.#shown !== step) return;
        image.src = next.src;
        image.alt = `A grid of samples of the model after step ${whole(step)}`;
        image.hidden = false;
      },
      () => {
        // It may not be there any more, or the coordinator is not.
        if (this.#shown === step) this.#shown = undefined;
      },
    );
  }
}
