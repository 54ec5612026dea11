/**
 * What travels: bytes that a coordinator counted, read from its `/metrics` while a run goes on, and the sizes that the
 * library says a node and an average have.
 */
import { setTimeout } from 'node:timers/promises';
import { loadSource } from '../report.mjs';

const SCRAPE_MS = 500;
const LIMIT_MS = 10_000;
const SAMPLE = /^gradcast_(steps_total|wire_bytes_total)(?:\{(.*)\})? ([0-9.e+]+)$/gm;

/** Follows the metrics of a run. `stop()` resolves with the first reading in which a step was closed, and the last. */
export function followWire(url) {
  const readings = [];
  const stopping = new AbortController();
  const ended = follow();
  return {
    async stop() {
      stopping.abort();
      await ended;
      return [readings[0], readings.at(-1)];
    },
  };

  async function follow() {
    while (!stopping.signal.aborted) {
      const reading = await read(url, stopping.signal);
      if (reading?.steps > 0) readings.push(reading);
      // Rejects when it is time to stop.
      await setTimeout(SCRAPE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
}

/**
 * Bytes of one step and worker between two readings, snapshots left out: a worker gets one when it joins, not in a step.
 *
 * @returns `up` (to the coordinator), `down` and, message by message, `messages`; undefined without two readings that
 *   are a step apart.
 */
export function bytesPerStep([first, last], workers) {
  const steps = (last?.steps ?? 0) - (first?.steps ?? 0);
  if (steps < 1) return undefined;
  const totals = { up: 0, down: 0, messages: {} };
  for (const [key, bytes] of last.bytes) {
    const [direction, message] = key.split(' ');
    if (message === 'snapshot') continue;
    const each = (bytes - (first.bytes.get(key) ?? 0)) / steps / workers;
    totals[direction === 'in' ? 'up' : 'down'] += each;
    totals.messages[`${direction} ${message}`] = Math.round(each);
  }
  return { ...totals, up: Math.round(totals.up), down: Math.round(totals.down) };
}

/** Bytes of a tree's node and of an average of a preset, by codec. */
export async function sizesOf(presetName, codecs) {
  const { buildModel, presets } = await loadSource('libs/model/src/index.ts', {
    external: ['@tensorflow/tfjs-core'],
  });
  const { referenceKernels: kernels } = await loadSource('libs/vector/src/index.ts');
  const { createCodec } = await loadSource('libs/reduction/src/index.ts');
  const layout = buildModel(presets[presetName]);
  return Object.fromEntries(
    codecs.map((codec) => {
      const { nodeBytes, averageBytes } = createCodec(codec, { layout, seed: 0, kernels });
      return [codec, { nodeBytes, averageBytes }];
    }),
  );
}

/** Undefined if the coordinator does not answer: it may be starting or ending. */
async function read(url, stopping) {
  const text = await fetch(url, { signal: AbortSignal.any([stopping, AbortSignal.timeout(LIMIT_MS)]) })
    .then((response) => response.text())
    .catch(() => undefined);
  if (text === undefined) return undefined;
  const reading = { steps: 0, bytes: new Map() };
  for (const [, name, labels, value] of text.matchAll(SAMPLE)) {
    if (name === 'steps_total') reading.steps = Number(value);
    else reading.bytes.set(`${labelOf(labels, 'direction')} ${labelOf(labels, 'message')}`, Number(value));
  }
  return reading;
}

function labelOf(labels, name) {
  return new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1];
}
