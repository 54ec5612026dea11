/**
 * The SHA-256 that stands for a data set in a run's definition: the same whatever kind of files the samples lie in, compressed
 * or not.
 *
 * It covers the samples' bytes in their order, floats with the lowest byte first, then the labels' bytes. In front of them
 * stands a line that says what they are; labelled images of 28x28 bytes, which were there first, have none.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { ColumnShape } from './column.ts';

/** To be told the bytes of the inputs, then those of the labels. */
export function beginDigest({ dtype, shape, count }: ColumnShape, labelled: boolean): Hash {
  const hash = createHash('sha256');
  if (dtype === 'u8' && labelled && shape.join() === '28,28,1') return hash;
  return hash.update(`gradcast data 1 ${JSON.stringify({ dtype, shape, count, labelled })}\n`);
}
