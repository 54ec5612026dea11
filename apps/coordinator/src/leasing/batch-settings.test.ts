import { heldColumn } from '@gradcast/dataset';
import { fields } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { batchSettings } from './batch-settings.ts';
import type { BatchSettingsOptions } from './batch-settings.ts';

const SIDE = 32;
/** A sample has 1024 bytes and a label, no noise. */
const taken = [fields.images('images', { shape: [SIDE, SIDE, 1] }), fields.labels('labels', { classes: 10 })];
const inputs = heldColumn(new Uint8Array(new SharedArrayBuffer(3 * SIDE * SIDE)), [SIDE, SIDE, 1]);
const labels = heldColumn(new Uint8Array(new SharedArrayBuffer(3)), []);

function settingsWith(change: Partial<BatchSettingsOptions> = {}) {
  const shape = { microBatchSize: 64, microBatches: 4 };
  return batchSettings({ dataset: { inputs, labels, count: 3 }, fields: taken, shape, seed: 7, cores: 2, ...change });
}

describe('batchSettings', () => {
  it('are all that a batch depends on, the samples in shared memory', () => {
    const shape = { microBatchSize: 64, microBatches: 4, token: 'nothing else of it' };
    expect(settingsWith({ shape })).toEqual({
      inputs: { values: inputs.shared, shape: [SIDE, SIDE, 1] },
      labels: { values: labels.shared, shape: [] },
      fields: taken,
      shape: { microBatchSize: 64, microBatches: 4 },
      seed: 7,
    });
  });

  it('need no labels', () => {
    const settings = settingsWith({ dataset: { inputs, labels: undefined, count: 3 } });
    expect(settings).toMatchObject({ labels: undefined });
  });

  it('are none for small steps, for a single core, and for what would take too much memory', () => {
    expect(settingsWith({ shape: { microBatchSize: 63, microBatches: 4 } })).toBeUndefined();
    expect(settingsWith({ cores: 1 })).toBeUndefined();
    // Two steps of 1025 bytes a sample and the order of three samples: 256 MiB.
    const most = Math.floor((2 ** 28 - 24) / (2 * 1025));
    expect(settingsWith({ shape: { microBatchSize: most, microBatches: 1 } })).toBeDefined();
    expect(settingsWith({ shape: { microBatchSize: most + 1, microBatches: 1 } })).toBeUndefined();
    expect(settingsWith({ dataset: { inputs, labels, count: 2 ** 25 } })).toBeUndefined();
  });

  it('are none for samples that are not held in shared memory', () => {
    const elsewhere = heldColumn(new Uint8Array(3), []);
    expect(settingsWith({ dataset: { inputs: { ...inputs, shared: undefined }, labels, count: 3 } })).toBeUndefined();
    expect(settingsWith({ dataset: { inputs, labels: elsewhere, count: 3 } })).toBeUndefined();
  });
});
