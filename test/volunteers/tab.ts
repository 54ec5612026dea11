/** A tab with the join page, in Debian's Chromium, as a visitor has it. */
import type { Chromium } from '@gradcast/testing';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Long enough for a busy machine. */
export const PATIENCE_MS = 120_000;

export interface TabLook {
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
}

const LAPTOP: TabLook = { width: 1100, height: 900, colorScheme: 'light' };

export class Tab {
  readonly page: Page;
  /** What the page asked for, by its address without origin. */
  readonly asked: string[] = [];
  /** What a console has in red, and what was asked of other origins: there must be neither. */
  readonly faults: string[] = [];

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text());
    });
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol === 'blob:') return;
      if (url.origin === origin) this.asked.push(url.pathname);
      else this.faults.push(`asked for ${request.url()}`);
    });
  }

  /** @param before runs in the page before its own script. */
  static async open(browser: Chromium, url: string, shown: TabLook = LAPTOP, before?: () => void): Promise<Tab> {
    const { width, height, colorScheme } = shown;
    const look = { viewport: { width, height }, colorScheme, serviceWorkers: 'block' } as const;
    const tab = new Tab(await browser.newTab(look), new URL(url).origin);
    if (before) await tab.page.addInitScript(before);
    await tab.page.goto(url);
    return tab;
  }

  /** Waits until the status is this. */
  async says(status: RegExp | string): Promise<void> {
    await this.page.getByRole('heading', { level: 2, name: status, includeHidden: false }).first().waitFor();
  }

  /** The detail below the status. */
  detail(): Promise<string> {
    return this.page.locator('#detail').innerText();
  }

  async press(name: string): Promise<void> {
    // Before it can be pressed it says so.
    const button = this.page.locator(`button:not([aria-disabled="true"])`, {
      hasText: new RegExp(`^\\s*${name}\\s*$`),
    });
    await button.click();
  }

  /** A figure by its name, or undefined while it is not shown. */
  async figure(name: string): Promise<string | undefined> {
    const texts = await this.page.locator('#figures > div').allInnerTexts();
    return texts
      .find((text) => text.startsWith(name))
      ?.slice(name.length)
      .trim();
  }

  /** What axe finds that is serious or critical, as `rule: element` each. */
  async barriers(): Promise<string[]> {
    // By the debugger, which the page's policy does not bind.
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(async () => {
      type Axe = { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
      return violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0].html }));
    });
    return found
      .filter(({ impact }) => ['serious', 'critical'].includes(impact))
      .map(({ id, html }) => `${id}: ${html}`);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
