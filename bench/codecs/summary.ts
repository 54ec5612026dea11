/** What the runs of a codec come to, beside those of f32. */
import type { CodecName } from '@gradcast/protocol';
import { median, pairedRatio, round } from '../harness/statistics.ts';
import { SAMPLES } from './quality.ts';
import type { Distances } from './quality.ts';
import type { bytesPerStep, Sizes } from './wire.ts';

export interface CodecRun {
  readonly codec: CodecName;
  readonly seed: number;
  readonly imagesPerSecond: number;
  readonly bytes: ReturnType<typeof bytesPerStep>;
  /** Of its images from real ones; undefined if it was not judged. */
  readonly distance: number | undefined;
  readonly parametersSha256: string;
  readonly exact: boolean;
}

/** @param runs of all codecs, round by round. */
export function summaryOf(codec: CodecName, runs: readonly CodecRun[], sizes: Sizes) {
  const own = runs.filter((run) => run.codec === codec);
  // By round, whatever the order within it was.
  const speeds = (name: CodecName) => runs.filter((run) => run.codec === name).map((run) => run.imagesPerSecond);
  const measured = own.flatMap(({ bytes }) => bytes ?? []);
  const distances = own.flatMap(({ distance }) => distance ?? []);
  return {
    ...sizes,
    upBytes: measured.length > 0 ? median(measured.map(({ up }) => up)) : undefined,
    downBytes: measured.length > 0 ? median(measured.map(({ down }) => down)) : undefined,
    imagesPerSecond: round(median(speeds(codec))),
    timesF32: round(pairedRatio(speeds(codec), speeds('f32'))),
    distance: {
      mean: round(distances.reduce((sum, value) => sum + value, 0) / distances.length),
      lowest: Math.min(...distances),
      highest: Math.max(...distances),
    },
  };
}

/** Whether runs of one codec and seed came to the same parameters; null if none was repeated. */
export function sameBits(runs: readonly CodecRun[]): boolean | null {
  const hashes = new Map<string, readonly string[]>();
  for (const { codec, seed, parametersSha256 } of runs) {
    const key = `${codec} ${seed}`;
    hashes.set(key, [...(hashes.get(key) ?? []), parametersSha256]);
  }
  const repeated = [...hashes.values()].filter((all) => all.length > 1);
  return repeated.length > 0 ? repeated.every((all) => new Set(all).size === 1) : null;
}

export function rowsOf(codecs: Readonly<Record<string, ReturnType<typeof summaryOf>>>) {
  const megabytes = ['node MB', 'average MB', 'up MB', 'down MB'];
  return [
    ['codec', ...megabytes, 'images/s', 'x f32', 'distance', 'lowest to highest'],
    ...Object.entries(codecs).map(([codec, summary]) => [
      codec,
      inMegabytes(summary.nodeBytes),
      inMegabytes(summary.averageBytes),
      inMegabytes(summary.upBytes),
      inMegabytes(summary.downBytes),
      summary.imagesPerSecond.toFixed(0),
      summary.timesF32.toFixed(2),
      summary.distance.mean.toFixed(2),
      `${summary.distance.lowest.toFixed(2)} to ${summary.distance.highest.toFixed(2)}`,
    ]),
  ];
}

export function scaleOf({ halves, sameCount, meanImage }: Distances): string {
  return (
    `Distances to read these by: ${halves.toFixed(2)} between two halves of the real images, ${sameCount.toFixed(2)} ` +
    `between ${SAMPLES} real images and the others, ${meanImage.toFixed(2)} to the mean image alone.`
  );
}

function inMegabytes(bytes: number | undefined): string {
  return bytes === undefined ? '-' : (bytes / 1e6).toFixed(2);
}
