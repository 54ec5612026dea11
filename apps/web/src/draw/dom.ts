/** Elements with texts: nothing that a peer said becomes anything else. */

// Whoever asks knows what the document has there.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

interface Look {
  readonly class?: string;
  readonly tone?: string;
  readonly text?: string;
}

export function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { class: name, tone, text }: Look = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (name !== undefined) element.className = name;
  if (tone !== undefined) element.dataset['tone'] = tone;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function drawn<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Node[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Sets a text only where it differs: what is read aloud, or selected, is left alone. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A dot in one of the style sheet's colours. */
export function dot(colour: string): HTMLSpanElement {
  const element = made('span', { class: `dot ${colour}` });
  element.setAttribute('aria-hidden', 'true');
  return element;
}
