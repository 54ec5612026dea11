/** Plans with every tile and odd numbers of samples, and those of all presets, in a real browser: `npm run test:gpu`. */
import { presetNames, tinyPresets } from '@gradcast/gan';
import { tileNames } from '@gradcast/plan';
import { describe, expect, it } from 'vitest';
import { browserProgram, visit } from './browsers.ts';
import { pageScript } from './bundle.ts';
import { deviceName, webgpuFlags } from './webgpu-flags.ts';

interface Report {
  readonly name: string;
  readonly apart: number;
  /** How far it may be. */
  readonly allowed: number;
  readonly same: boolean;
}

const LIMIT_MS = 60 * 60_000;

describe.skipIf(!browserProgram('chromium'))(`plans in Chromium on ${deviceName} with every tile`, () => {
  it('have the gradients of the interpreter, with the same bits each time', { timeout: LIMIT_MS }, async () => {
    const script = await pageScript('webgpu-tiles-page');
    const reports: Report[] = [];
    await visit('chromium', {
      flags: webgpuFlags,
      limitMs: LIMIT_MS,
      content: (path) => Promise.resolve(path === '/page.js' ? ['text/javascript', script] : undefined),
      onReport: (report) => {
        const { failed, none = false, done = false } = report as { failed?: string; none?: boolean; done?: boolean };
        if (failed !== undefined) throw new Error(failed);
        if (none) throw new Error('Chromium gave no adapter');
        if (!done) reports.push(report as Report);
        return done;
      },
    });
    // Three numbers of samples of each, and each preset once.
    const small = 3 * tileNames.length * (Object.keys(tinyPresets).length + 1);
    expect(reports).toHaveLength(small + presetNames.length);
    for (const { name, apart, allowed, same } of reports) {
      expect(apart, name).toBeLessThan(allowed);
      expect(same, name).toBe(true);
    }
  });
});
