/** A colour for each worker, the same everywhere on the page: by its place among those who came first. */

/** `style.css` has as many. */
const COLOURS = 8;

export class Colours {
  readonly #numbers = new Map<string, number>();

  /** Its name in the style sheet. */
  of(worker: string): string {
    let number = this.#numbers.get(worker);
    if (number === undefined) this.#numbers.set(worker, (number = this.#numbers.size % COLOURS));
    return `w${number}`;
  }
}

/** A colour of the style sheet, as a canvas takes it. */
export function styled(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
