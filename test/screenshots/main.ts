/**
 * `npm run screenshots:join -- [--steps N]`: pictures of the join page for docs/images, wide and narrow, dark and light, taken in
 * Chromium of a real run after N steps (400 unless told otherwise): as it asks, and as it computes.
 */
import { join } from 'node:path';
import { Chromium, repository, Workbench } from '@gradcast/testing';
import { wordsOf } from '../../bin/words.mjs';
import { Tab } from '../volunteers/tab.ts';
import type { TabLook } from '../volunteers/tab.ts';

interface Shot {
  readonly name: string;
  readonly look: TabLook;
  /** Whether the tab takes part. */
  readonly joins: boolean;
}

const WIDE = { width: 960, height: 640 };
/** Of a phone. */
const NARROW = { width: 375, height: 700 };

const SHOTS: readonly Shot[] = [
  { name: 'join-wide-light', look: { ...WIDE, colorScheme: 'light' }, joins: false },
  { name: 'join-wide-dark', look: { ...WIDE, colorScheme: 'dark' }, joins: true },
  { name: 'join-narrow-light', look: { ...NARROW, colorScheme: 'light' }, joins: true },
  { name: 'join-narrow-dark', look: { ...NARROW, colorScheme: 'dark' }, joins: false },
];

const { steps } = wordsOf('screenshots:join', { steps: { type: 'string', default: '400' } });
const bench = await Workbench.create();
try {
  const flags = `--preset mnist --workers 1 --sample-every ${steps} --join --json --port 0 --out runs`;
  const run = bench.start(`train ${flags} --steps 1875`);
  const { joinUrl } = await run.event('listening');
  const browser = await Chromium.start();
  try {
    await takeAll(browser, joinUrl!);
  } finally {
    await browser.close();
  }
} finally {
  await bench.remove();
}

async function takeAll(browser: Chromium, link: string): Promise<void> {
  for (const { name, look, joins } of SHOTS) {
    const tab = await Tab.open(browser, link, look);
    await tab.page.locator('#samples:not([hidden])').waitFor({ timeout: 1_200_000 });
    if (joins) {
      await tab.press('Start training');
      await tab.says('Training');
      await tab.page.getByText('Used in the model').waitFor();
      await tab.page.mouse.move(0, 0);
    }
    const path = join(repository, 'docs', 'images', `${name}.png`);
    await tab.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    process.stdout.write(`${path}\n`);
    await tab.close();
  }
}
