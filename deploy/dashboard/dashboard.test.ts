import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorMetrics, processMetrics, workerMetrics } from '@gradcast/metrics';
import { describe, expect, it } from 'vitest';
import { boards } from './boards.ts';
import { buildDashboard } from './dashboard.ts';
import { promql } from './panel.ts';

const promtool = process.env['TEST_PROMTOOL'] ?? 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;
const queries = boards.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
const committed = new URL('../grafana/dashboards/', import.meta.url);

describe('the dashboards', () => {
  it.each(boards)(
    '$name is the one that is committed; `npx vitest run --project unit deploy -u` writes it anew',
    async (board) => {
      const json = `${JSON.stringify(buildDashboard(board), null, 2)}\n`;
      await expect(json).toMatchFileSnapshot(new URL(`${board.name}.json`, committed).pathname);
    },
  );

  it('are all that is committed, each by a name of its own', async () => {
    const names = boards.map(({ name }) => `${name}.json`);
    expect((await readdir(committed)).sort()).toEqual([...names].sort());
    for (const { panels } of boards) {
      const titles = panels.map(({ kind, title }) => `${kind === 'stat' ? 'figure' : 'chart'} ${title}`);
      expect(new Set(titles).size).toBe(titles.length);
    }
  });

  it('ask only for metrics that are exported', async () => {
    const texts = await Promise.all([
      coordinatorMetrics({ version: '0', preset: 'mnist' }).registry.metrics(),
      workerMetrics({ backend: 'wasm', device: 'cpu', version: '0' }).registry.metrics(),
      processMetrics().metrics(),
    ]);
    const exported = new Set([...texts.join('\n').matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const asked = queries.flatMap(({ expression }) => expression.match(/\b(gradcast|process|nodejs)_[a-z]\w+/g) ?? []);
    expect(asked.length).toBeGreaterThanOrEqual(queries.length - 4);
    for (const name of asked) expect(exported).toContain(name.replace(/_(bucket|sum|count)$/, ''));
  });

  it.skipIf(!hasPromtool)('ask in sound PromQL (needs promtool)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gradcast-dashboard-'));
    try {
      const rules = queries.map((query, index) => ({ record: `query:${index}`, expr: promql(query, '1m') }));
      await writeFile(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'queries', rules }] }));
      const checked = spawnSync(promtool, ['check', 'rules', join(folder, 'rules.yml')], { encoding: 'utf8' });
      expect(checked.stderr).not.toMatch(/FAILED|error/i);
      expect(checked.status).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
