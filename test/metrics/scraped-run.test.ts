/**
 * What Prometheus sees of a run is what the run says of itself: a real Prometheus (Debian package `prometheus`) scrapes
 * a coordinator and the two workers that `/targets` names, each second, while metrics.jsonl is written.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasPrometheus, lintMetrics, Prometheus, readMetrics, repository, runsIn, Workbench } from '@gradcast/testing';
import type { GradcastProcess, MetricsRecord, Series } from '@gradcast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The run lasts so long after its first step. */
const SECONDS = 45;
/** Far more steps than fit; the run is stopped. */
const STEPS = 1_000_000;

/** The expressions of a dashboard's panels as Grafana would send them. */
async function dashboardQueries(): Promise<string[]> {
  const file = join(repository, 'deploy', 'grafana', 'dashboards', 'gradcast.json');
  const { panels } = JSON.parse(await readFile(file, 'utf8')) as { panels: { targets?: { expr: string }[] }[] };
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '15s')));
}

const queries = await dashboardQueries();

describe.skipIf(!hasPrometheus)('a run that is scraped (needs prometheus and promtool)', () => {
  let bench: Workbench;
  let run: GradcastProcess;
  let prometheus: Prometheus | undefined;
  let records: MetricsRecord[];
  let exposition: string;
  let answers: Map<string, Series[]>;
  let scraped: Series[];
  let targets: Series[];

  beforeAll(async () => {
    bench = await Workbench.create();
    run = bench.start(
      `train --preset mnist --workers 2 --steps ${STEPS} --save-seconds 10 --backend wasm --log-interval 1 --json --out runs`,
    );
    const { metricsUrl } = await run.event('listening');
    prometheus = await Prometheus.start(bench.folder, new URL(metricsUrl).host);
    await run.step(1);
    await stepAfter(run, Date.now() / 1000 + SECONDS);
    exposition = await (await fetch(metricsUrl)).text();
    targets = await prometheus.query('up');
    scraped = await prometheus.query(`gradcast_images_total[${SECONDS + 30}s]`);
    answers = new Map();
    for (const query of queries) answers.set(query, await prometheus.query(query));
    run.signal('SIGTERM');
    expect((await run.ended()).code).toBe(143);
    records = await readMetrics((await runsIn(bench.path('runs')))[0]);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await bench.remove();
  });

  it('is found whole: the coordinator and, through it, both workers', () => {
    expect(targets.map(({ metric, value }) => [metric['job'], metric['worker'] ?? '', value?.[1]]).sort()).toEqual([
      ['coordinator', '', '1'],
      ['worker', 'local-0', '1'],
      ['worker', 'local-1', '1'],
    ]);
  });

  it('shows the images that metrics.jsonl shows between the same two times', () => {
    expect(scraped).toHaveLength(1);
    const points = (scraped[0].values ?? []).map(([time, value]) => ({ time, images: Number(value) }));
    const first = points.find(({ images }) => images > 0)!;
    const last = points.at(-1)!;
    // Half of the run is as good as all of it; together they would show a counter that runs ahead and falls back.
    const middle = points[Math.floor((points.indexOf(first) + points.length) / 2)];
    expect(last.time - first.time).toBeGreaterThanOrEqual(40);
    expect(points.length).toBeGreaterThanOrEqual(0.9 * (last.time - first.time));
    for (const [from, to] of [
      [first, last],
      [first, middle],
      [middle, last],
    ]) {
      const written = imagesAt(records, to.time) - imagesAt(records, from.time);
      expect(written).toBeGreaterThan(0);
      expect(Math.abs(to.images - from.images - written) / written).toBeLessThan(0.1);
    }
  });

  it('exports metrics whose names keep the rules', () => {
    const own = exposition.split('\n').filter((line) => /^(# (HELP|TYPE) )?gradcast_/.test(line));
    expect(own.length).toBeGreaterThan(20);
    expect(lintMetrics(`${own.join('\n')}\n`)).toBe('');
  });

  it.each(queries)('answers the dashboard: %s', (query) => {
    const series = answers.get(query)!;
    expect(series.length).toBeGreaterThan(0);
    expect(series.filter(({ value }) => !Number.isNaN(Number(value?.[1])))).not.toEqual([]);
  });
});

/** Resolves with the first progress told after a time, in seconds since 1970. */
async function stepAfter(run: GradcastProcess, seconds: number): Promise<void> {
  let { step } = await run.step(1);
  while (Date.now() / 1000 < seconds) ({ step } = await run.step(step + 1));
}

/** Images of the steps that had closed at a time. */
function imagesAt(records: readonly MetricsRecord[], time: number): number {
  return records.filter((record) => record.time <= time).at(-1)?.images ?? 0;
}
