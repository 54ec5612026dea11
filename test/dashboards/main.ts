/**
 * `npm run screenshots:dashboards -- [--seconds N]`: pictures of the Grafana dashboards for docs/images. A run trains for N seconds (60
 * unless told otherwise) with two workers and half as long with one, after the other was killed, and its samples are scored; what
 * Prometheus answers to each panel's queries is drawn in Chromium.
 */
import { join } from 'node:path';
import { Chromium, repository, Workbench } from '@gradcast/testing';
import { wordsOf } from '../../bin/words.mjs';
import { linesOf, page, WIDTH } from './draw.ts';
import { asSent, readDashboards } from './panels.ts';
import type { GrafanaDashboard } from './panels.ts';
import { WatchedRun } from './watched-run.ts';

/** Seconds of scores that are shown. */
const SCORES_SECONDS = 10;

const words = wordsOf('screenshots:dashboards', { seconds: { type: 'string', default: '60' } });
const seconds = Number(words.seconds);
const bench = await Workbench.create();
try {
  const watched = await WatchedRun.start(bench);
  try {
    const from = Date.now() / 1000;
    await watched.train(seconds);
    await watched.killWorker();
    await watched.train(seconds / 2);
    await watched.score();
    await new Promise((resolve) => setTimeout(resolve, SCORES_SECONDS * 1000));
    await takeAll(watched, from, Date.now() / 1000);
  } finally {
    await watched.prometheus.stop();
  }
} finally {
  await bench.remove();
}

async function takeAll({ prometheus }: WatchedRun, from: number, to: number): Promise<void> {
  const browser = await Chromium.start();
  try {
    for (const dashboard of await readDashboards()) {
      const tab = await browser.newTab({ viewport: { width: WIDTH, height: 400 } });
      await tab.setContent(page(dashboard, await answersTo(dashboard), from, to));
      const path = join(repository, 'docs', 'images', `dashboard-${dashboard.name}.png`);
      await tab.screenshot({ path, fullPage: true });
      process.stdout.write(`${path}\n`);
      await browser.closeTab(tab);
    }
  } finally {
    await browser.close();
  }

  async function answersTo({ panels }: GrafanaDashboard) {
    return Promise.all(
      panels.map(async ({ targets }) => {
        const lines = targets.map(async ({ expr, legendFormat }) =>
          linesOf(legendFormat, await prometheus.range(asSent(expr), from, to)),
        );
        return (await Promise.all(lines)).flat();
      }),
    );
  }
}
