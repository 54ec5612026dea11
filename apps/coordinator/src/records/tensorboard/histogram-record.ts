/** Histograms of a step's weights and gradients, a tensor each, as one record of an event file. */
import { encodeEvent } from './event-proto.ts';
import type { SummaryValue } from './event-proto.ts';
import { histogramOf } from './histogram.ts';
import type { HistogramReply, HistogramRequest, HistogramSettings } from './histogram-messages.ts';
import { tfRecord } from './tf-record.ts';

export function histogramRecord(
  { entries }: HistogramSettings,
  { time, step, weights, gradient }: HistogramRequest,
): HistogramReply {
  const kinds = Object.entries({ weights, gradients: gradient });
  const values = kinds.flatMap(([kind, vector]) =>
    entries.flatMap(({ name, offset, size }): SummaryValue[] => {
      const histogram = histogramOf(vector.subarray(offset, offset + size));
      return histogram ? [{ tag: `${kind}/${name}`, histogram }] : [];
    }),
  );
  return tfRecord(encodeEvent({ time, step, values }));
}
