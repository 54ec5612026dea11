import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorMetrics, workerMetrics } from '@gradcast/metrics';
import { describe, expect, it } from 'vitest';
import { buildDashboard } from './dashboard.ts';
import { panels, promql } from './queries.ts';

const promtool = process.env['TEST_PROMTOOL'] ?? 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;
const queries = panels.flatMap((panel) => panel.queries);

describe('the dashboard', () => {
  it('is the one that is committed; `npx vitest run --project unit deploy -u` writes it anew', async () => {
    const json = `${JSON.stringify(buildDashboard(), null, 2)}\n`;
    await expect(json).toMatchFileSnapshot('../grafana/dashboards/gradcast.json');
  });

  it('asks only for metrics that are exported', async () => {
    const texts = await Promise.all([
      coordinatorMetrics({ version: '0', preset: 'mnist' }).registry.metrics(),
      workerMetrics({ backend: 'wasm', device: 'cpu', version: '0' }).registry.metrics(),
    ]);
    const exported = new Set([...texts.join('\n').matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const asked = queries.flatMap(({ expression }) => expression.match(/gradcast_\w+/g) ?? []);
    expect(asked.length).toBeGreaterThanOrEqual(queries.length);
    for (const name of asked) expect(exported).toContain(name.replace(/_(bucket|sum|count)$/, ''));
  });

  it.skipIf(!hasPromtool)('asks in sound PromQL (needs promtool)', async () => {
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
