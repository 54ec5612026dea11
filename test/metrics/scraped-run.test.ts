/**
 * What Prometheus sees of a run is what the run says of itself: a real Prometheus (Debian package `prometheus`) scrapes
 * a coordinator and the two workers that `/targets` names, each second, while metrics.jsonl is written, one worker is killed and
 * samples are scored; then every query of the Grafana dashboards is executed.
 */
import { hasPrometheus, lintMetrics, readMetrics, Workbench } from '@gradcast/testing';
import type { MetricsRecord, Series } from '@gradcast/testing';
import { phasesOfLine, secondsOf, sumPhases } from '@gradcast/watching';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asSent, readDashboards } from '../dashboards/panels.ts';
import { WatchedRun } from '../dashboards/watched-run.ts';

/** The run lasts so long with both workers, and so much longer after one was killed. */
const SECONDS = 42;
const AFTER_SECONDS = 5;

const dashboards = await readDashboards();
const queries = dashboards.flatMap(({ name, panels }) =>
  panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ name, title, query: asSent(expr) }))),
);
const recorded = await WatchedRun.recorded();

describe.skipIf(!hasPrometheus)('a run that is scraped (needs prometheus and promtool)', () => {
  let bench: Workbench;
  let watched: WatchedRun | undefined;
  let records: MetricsRecord[];
  let exposition: string;
  let scraped: Series[];
  let targets: Series[];
  /** Seconds since 1970: with both workers, after one was killed, and with scores. */
  let moments: number[];

  beforeAll(async () => {
    bench = await Workbench.create();
    watched = await WatchedRun.start(bench);
    const { prometheus, metricsUrl } = watched;
    const now = () => Date.now() / 1000;
    await watched.train(SECONDS);
    exposition = await (await fetch(metricsUrl)).text();
    targets = await prometheus.query('up');
    scraped = await prometheus.query(`gradcast_images_total[${SECONDS + 30}s]`);
    moments = [now()];
    await watched.killWorker();
    await watched.train(AFTER_SECONDS);
    moments.push(now());
    await watched.score();
    moments.push(now());
    records = await readMetrics(await watched.folder());
  }, 1_200_000);
  afterAll(async () => {
    await watched?.prometheus.stop();
    await bench.remove();
  });

  /** What an expression came to at each moment. */
  const answers = (query: string) => Promise.all(moments.map((at) => watched!.prometheus.query(query, at)));

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
    expect(last.time - first.time).toBeGreaterThanOrEqual(37);
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

  it('accounts for the time of its steps within five in a hundred, whoever comes and goes', () => {
    const [first, last] = [records[0], records.at(-1)!];
    const phases = records.slice(1).flatMap((record) => phasesOfLine(record) ?? []);
    expect(phases).toHaveLength(records.length - 1);
    const seconds = last.time - first.time;
    expect(Math.abs(secondsOf(sumPhases(phases)) - seconds) / seconds).toBeLessThan(0.05);
    for (const [i, each] of phases.entries()) {
      expect(secondsOf(each)).toBeCloseTo(Number(Reflect.get(records[i + 1], 'step_seconds')), 4);
    }
  });

  it('exports metrics whose names keep the rules', () => {
    const own = exposition.split('\n').filter((line) => /^(# (HELP|TYPE) )?gradcast_/.test(line));
    expect(own.length).toBeGreaterThan(20);
    expect(lintMetrics(`${own.join('\n')}\n`)).toBe('');
  });

  it('has no series of a worker that was killed, until it is there again', async () => {
    // What the coordinator says of workers, and what they say of themselves.
    for (const metric of ['gradcast_lease_duration_seconds_count', 'gradcast_worker_images_total']) {
      const counted = `count(count by (worker) (${metric}))`;
      const [[both]] = await answers(counted);
      const [, [fewest]] = await answers(`min_over_time(${counted}[30s:1s])`);
      expect([both.value?.[1], fewest.value?.[1]], metric).toEqual(['2', '1']);
    }
  });

  it.each(recorded)('has what is recorded: %s', async (name) => {
    expect((await answers(name)).flat()).not.toEqual([]);
  });

  it.each(queries)('answers the dashboard $name, panel $title: $query', async ({ query }) => {
    const series = (await answers(query)).flat();
    expect(series.filter(({ value }) => !Number.isNaN(Number(value?.[1])))).not.toEqual([]);
  });
});

/** Images of the steps that had closed at a time. */
function imagesAt(records: readonly MetricsRecord[], time: number): number {
  return records.filter((record) => record.time <= time).at(-1)?.images ?? 0;
}
