/**
 * `npm run screenshots:page -- [--steps N] [--out FOLDER]`: pictures of the page on which people watch a run, for docs/images, wide
 * and narrow, dark and light, taken in Chromium of a real run with two workers after N steps (300 unless told otherwise), of
 * `gradcast top` on a terminal, and of the report that the run leaves when it is stopped then.
 */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Chromium, repository, Workbench } from '@gradcast/testing';
import { wordsOf } from '../../bin/words.mjs';
import { Tab } from '../volunteers/tab.ts';
import { asDocument, onTerminal } from './terminal.ts';

const WIDE = { width: 1240, height: 1120 };
const REPORT = { width: 800, height: 1000, colorScheme: 'light' } as const;
/** Of a phone. */
const NARROW = { width: 390, height: 844 };

const SHOTS = [
  { name: 'page-wide-light', look: { ...WIDE, colorScheme: 'light' } },
  { name: 'page-wide-dark', look: { ...WIDE, colorScheme: 'dark' } },
  { name: 'page-narrow-light', look: { ...NARROW, colorScheme: 'light' } },
  { name: 'page-narrow-dark', look: { ...NARROW, colorScheme: 'dark' } },
] as const;

const { steps, out, whole } = wordsOf('screenshots:page', {
  steps: { type: 'string', default: '300' },
  out: { type: 'string', default: join(repository, 'docs', 'images') },
  whole: { type: 'boolean', default: false },
});
// The command is built first; the workbench has a folder of its own.
const folder = resolve(out);
const bench = await Workbench.create();
try {
  const every = Math.max(1, Math.round(Number(steps) / 12));
  const scores = `--sample-every ${every} --evaluate-every ${2 * every} --evaluate-count 1000`;
  const run = bench.start(`train --preset mnist --workers 2 ${scores} --json --port 0 --out runs --steps 1875`);
  const { pageUrl, runFolder } = await run.event('listening');
  const browser = await Chromium.start();
  try {
    // It has been open for a while.
    const tabs = [];
    for (const { look } of SHOTS) tabs.push(await Tab.open(browser, pageUrl!, look));
    await run.step(Number(steps), 3600);
    for (const [i, { name }] of SHOTS.entries()) {
      const { page } = tabs[i];
      await page.locator('#grid:not([hidden])').waitFor({ timeout: 120_000 });
      const path = join(folder, `${name}.png`);
      await page.screenshot({ path, animations: 'disabled', caret: 'hide', fullPage: whole });
      process.stdout.write(`${path}\n`);
    }
    const command = [process.execPath, join(repository, 'bin', 'gradcast.mjs'), 'top', bench.path(runFolder), '--once'];
    const terminal = await browser.newTab({ viewport: WIDE, deviceScaleFactor: 1 });
    await terminal.setContent(asDocument(await onTerminal(command)));
    const top = join(folder, 'top.png');
    await terminal.locator('pre').screenshot({ path: top });
    process.stdout.write(`${top}\n`);
    run.signal('SIGTERM');
    await run.ended();
    const report = await Tab.open(browser, pathToFileURL(join(bench.path(runFolder), 'report.html')).href, REPORT);
    const path = join(folder, 'report.jpg');
    // Down to where the time went.
    const last = await report.page.locator('section', { has: report.page.locator('#time') }).boundingBox();
    const clip = { x: 0, y: 0, width: REPORT.width, height: last!.y + last!.height + 16 };
    await report.page.screenshot({ path, type: 'jpeg', quality: 80, fullPage: true, clip });
    process.stdout.write(`${path}\n`);
  } finally {
    await browser.close();
  }
} finally {
  await bench.remove();
}
