/** Plans in a real browser: the same kernels as in Node, by the browser's own WebGPU. */
import { tinyPresets } from '@gradcast/gan';
import { describe, expect, it } from 'vitest';
import { withoutTfjs } from '../../bin/join-page.mjs';
import { browserProgram, visit } from './browsers.ts';
import { pageScript } from './bundle.ts';
import { deviceName, webgpuFlags } from './webgpu-flags.ts';

interface Report {
  readonly name?: string;
  readonly apart?: number;
  readonly outcome?: string;
  readonly same?: boolean;
  readonly none?: boolean;
  readonly done?: boolean;
  readonly failed?: string;
}

describe.skipIf(!browserProgram('chromium'))(`plans in Chromium on ${deviceName}`, () => {
  it('have the gradients of the interpreter, with the same bits each time, and add them', async () => {
    // As the join page has it.
    const script = await pageScript('webgpu-page', [withoutTfjs]);
    const reports: Report[] = [];
    await visit('chromium', {
      flags: webgpuFlags,
      limitMs: 280_000,
      content: (path) => Promise.resolve(path === '/page.js' ? ['text/javascript', script] : undefined),
      onReport: (report) => {
        const { failed, none = false, done = false } = report as Report;
        if (failed !== undefined) throw new Error(failed);
        if (none) throw new Error('Chromium gave no adapter');
        if (!done) reports.push(report as Report);
        return done;
      },
    });
    expect(reports.map(({ name }) => name)).toEqual([...Object.keys(tinyPresets), 'lost, back of 2 devices']);
    for (const { name, apart, outcome, same } of reports) {
      expect(apart, name).toBeLessThan(2e-5);
      expect(outcome, name).toBe('summed');
      expect(same, name).toBe(true);
    }
  });
});
