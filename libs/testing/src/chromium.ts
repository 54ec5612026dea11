/**
 * Debian's Chromium, headless: real tabs for tests and benchmarks, each in a context of its own as that of another visitor.
 *
 * Invariant: {@link Chromium.close} leaves none of its processes behind.
 */
import { existsSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { allGone } from './processes.ts';

const PROGRAM = process.env['TEST_CHROMIUM'] ?? '/usr/bin/chromium';

export const hasChromium = existsSync(PROGRAM);

/** A process of the browser. */
interface BrowserProcess {
  readonly type: string;
  readonly id: number;
}

const CLOSE_MS = 10_000;

export class Chromium {
  readonly #browser: Browser;
  readonly #pid: number;

  private constructor(browser: Browser, pid: number) {
    this.#browser = browser;
    this.#pid = pid;
  }

  /** @throws Error if it is not installed or does not start. */
  static async start(): Promise<Chromium> {
    // Loaded here, for most who use this library open no browser.
    const { chromium } = await import('playwright-core');
    // Tests may run as root, where its sandbox does not.
    const browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
    const processes = await processesOf(browser);
    return new Chromium(browser, processes.find(({ type }) => type === 'browser')!.id);
  }

  /** A tab of a visitor who has never been there. */
  async newTab(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext(options);
    return context.newPage();
  }

  /** Closes a tab and forgets its visitor. */
  async closeTab(tab: Page): Promise<void> {
    await tab.close();
    await tab.context().close();
  }

  /** Process ids of all that runs pages. */
  async renderers(): Promise<number[]> {
    return (await processesOf(this.#browser)).filter(({ type }) => type === 'renderer').map(({ id }) => id);
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    await Promise.race([this.#browser.close().catch(() => undefined), late]);
    clearTimeout(timer);
    try {
      process.kill(this.#pid, 'SIGKILL');
    } catch {
      // As it should be: it has ended by itself.
    }
    await allGone([this.#pid]);
  }
}

async function processesOf(browser: Browser): Promise<readonly BrowserProcess[]> {
  const session = await browser.newBrowserCDPSession();
  try {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo;
  } finally {
    await session.detach();
  }
}
