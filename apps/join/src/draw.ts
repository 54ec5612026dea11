/** Puts a view into the document: as text, and only what has changed. */
import { element, setText } from './controls.ts';
import type { Controls } from './controls.ts';
import type { View } from './view.ts';

export function draw(view: View, controls: Controls): void {
  if (document.title !== view.title) document.title = view.title;
  setText('subject', view.subject);
  setText('status', view.status);
  setText('detail', view.detail);
  element('state', HTMLElement).dataset['tone'] = view.tone;
  controls.setPrimary(view.primary);
  controls.setLeave(view.canLeave);
  controls.setGpu(view.canUseGpu);
  drawConsent(view.asks);
  drawProgress(view.progress);
  drawFigures(view.figures);
}

/** Open while it is asked; from the first consent on it can be read again. */
function drawConsent(asks: boolean): void {
  const consent = element('consent', HTMLDetailsElement);
  const wanted = String(asks);
  if (consent.dataset['asks'] === wanted) return;
  consent.dataset['asks'] = wanted;
  consent.open = asks;
}

function drawProgress(progress: View['progress']): void {
  element('progress', HTMLElement).hidden = progress === undefined;
  if (!progress) return;
  const bar = element('steps', HTMLProgressElement);
  bar.max = progress.max;
  bar.value = progress.value;
  setText('steps-shown', progress.text);
}

function drawFigures(figures: View['figures']): void {
  const list = element('figures', HTMLElement);
  element('figures-panel', HTMLElement).hidden = figures.length === 0;
  const names = figures.map(([name]) => name).join('\n');
  if (list.dataset['names'] !== names) {
    list.dataset['names'] = names;
    list.replaceChildren(...figures.map(figure));
  }
  figures.forEach(([, value], i) => {
    const shown = list.children[i].lastElementChild!;
    if (shown.textContent !== value) shown.textContent = value;
  });
}

function figure([name, value]: View['figures'][number]): HTMLElement {
  const pair = document.createElement('div');
  const term = document.createElement('dt');
  const description = document.createElement('dd');
  term.textContent = name;
  description.textContent = value;
  pair.append(term, description);
  return pair;
}

let shownUrl: string | undefined;

export function drawSamples(step: number, png: ArrayBuffer): void {
  const image = element('samples', HTMLImageElement);
  const former = shownUrl;
  shownUrl = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
  image.onload = () => {
    if (former !== undefined) URL.revokeObjectURL(former);
  };
  image.src = shownUrl;
  image.alt = `Samples of the model after step ${step}, in a grid`;
  image.hidden = false;
  setText('samples-caption', `Drawn by the model after step ${step.toLocaleString('en')}`);
}
