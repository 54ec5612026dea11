/** The visitor's switches: what they are set to, and what happens when they are used. */
import type { Choices } from './choices.ts';
import type { Action } from './view.ts';

export interface ControlsOptions {
  readonly choices: Choices;
  readonly cores: number;
  readonly hasGpu: boolean;
  readonly act: (action: Action) => void;
  readonly leave: () => void;
  readonly change: (choices: Choices) => void;
}

export interface Controls {
  /** Label, meaning and state of the button that starts and pauses. */
  readonly setPrimary: (primary: {
    readonly label: string;
    readonly action: Action;
    readonly enabled: boolean;
  }) => void;
  readonly setLeave: (isPossible: boolean) => void;
  readonly setGpu: (isPossible: boolean) => void;
  /** The browser tells of a battery: the visitor may have it spared. */
  readonly offerBattery: () => void;
}

export function controls({ choices, cores, hasGpu, act, leave, change }: ControlsOptions): Controls {
  const primary = element('primary', HTMLButtonElement);
  const goodbye = element('leave', HTMLButtonElement);
  const workers = element('workers', HTMLInputElement);
  const share = element('share', HTMLInputElement);
  const gpu = element('gpu', HTMLInputElement);
  const battery = element('battery', HTMLInputElement);
  let action: Action = 'start';

  workers.max = String(cores);
  workers.value = String(choices.workers);
  workers.disabled = cores === 1;
  share.value = String(Math.round(100 * choices.share));
  battery.checked = choices.spareBattery;

  const told = () => {
    const count = `${workers.value} of ${cores}`;
    setText('workers-shown', count);
    workers.setAttribute('aria-valuetext', count);
    setText('share-shown', `${share.value} %`);
    share.setAttribute('aria-valuetext', `${share.value} percent of a core`);
    workers.disabled = gpu.checked || cores === 1;
  };
  const changed = () => {
    told();
    change({
      workers: Number(workers.value),
      share: Number(share.value) / 100,
      gpu: gpu.checked,
      spareBattery: battery.checked,
    });
  };
  for (const input of [workers, share]) {
    input.addEventListener('input', told);
    input.addEventListener('change', changed);
  }
  for (const input of [gpu, battery]) input.addEventListener('change', changed);
  primary.addEventListener('click', () => {
    // Kept in the order of the keyboard while it can do nothing, so that focus is not lost.
    if (primary.getAttribute('aria-disabled') !== 'true') act(action);
  });
  goodbye.addEventListener('click', () => {
    leave();
    primary.focus();
  });
  told();
  return {
    setPrimary: ({ label, action: next, enabled }) => {
      if (primary.textContent !== label) primary.textContent = label;
      primary.setAttribute('aria-disabled', String(!enabled));
      action = next;
    },
    setLeave: (isPossible) => (goodbye.hidden = !isPossible),
    setGpu: (isPossible) => {
      element('gpu-choice', HTMLElement).hidden = !hasGpu || !isPossible;
      if (isPossible || !gpu.checked) return;
      gpu.checked = false;
      changed();
    },
    offerBattery: () => (element('battery-choice', HTMLElement).hidden = false),
  };
}

/** @throws Error if the document is not this page's. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}

/** Changes a text only where it differs, so that a screen reader hears of it once. */
export function setText(id: string, text: string): void {
  const found = element(id, HTMLElement);
  if (found.textContent !== text) found.textContent = text;
}
