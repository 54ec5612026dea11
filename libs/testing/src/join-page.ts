/** The join page in a real tab, as its visitor uses it; waits for what it shows, never for a time. */
import { PATIENCE_SECONDS } from './patience.ts';

/** A tab of any browser. */
export interface AnyTab {
  evaluate(expression: string): Promise<unknown>;
}

export class JoinPage {
  readonly #tab: AnyTab;

  constructor(tab: AnyTab) {
    this.#tab = tab;
  }

  /** Presses the button once it can be pressed. */
  async start(): Promise<void> {
    await this.until("document.querySelector('#primary')?.getAttribute('aria-disabled') === 'false'");
    await this.#tab.evaluate("document.querySelector('#primary').click()");
  }

  /** Moves one of the sliders. */
  async set(name: 'workers' | 'share', value: number): Promise<void> {
    await this.#tab.evaluate(`{
      const slider = document.querySelector('#${name}');
      slider.value = '${value}';
      slider.dispatchEvent(new Event('change'));
    }`);
  }

  /** Resolves when the page's status is this one. */
  says(status: string): Promise<void> {
    return this.until(`document.querySelector('#status')?.textContent === ${JSON.stringify(status)}`);
  }

  /** Resolves when a figure of the page is at least so much. */
  async counts(name: string, least = 1, seconds = PATIENCE_SECONDS): Promise<void> {
    await this.until(`Number(${figure(name)}?.replaceAll(',', '')) >= ${least}`, seconds);
  }

  /** What the page shows. */
  async text(): Promise<string> {
    return String(await this.#tab.evaluate('document.body.innerText'));
  }

  /** Resolves when an expression is true in the page. @throws Error with what the page shows instead. */
  async until(condition: string, seconds = PATIENCE_SECONDS): Promise<void> {
    const watch = `new Promise((resolve) => {
      let timer;
      const settle = (value) => { watcher.disconnect(); clearTimeout(timer); resolve(value); };
      const look = () => { if (${condition}) settle(true); };
      const watcher = new MutationObserver(look);
      timer = setTimeout(() => settle(false), ${1000 * seconds});
      watcher.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      look();
    })`;
    if (await this.#tab.evaluate(watch)) return;
    throw new Error(`waited in vain for ${condition}; the page shows: ${await this.text()}`);
  }
}

/** An expression for the text of a figure. */
function figure(name: string): string {
  const terms = "[...document.querySelectorAll('#figures dt')]";
  return `${terms}.find(({ textContent }) => textContent === ${JSON.stringify(name)})?.nextElementSibling.textContent`;
}
