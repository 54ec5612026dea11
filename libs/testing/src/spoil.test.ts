import { decodeFromWorker, decodeFrame, encodeFrame } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { checkFault, COORDINATOR } from './fault.ts';
import type { PlannedFault, ResultFault } from './fault.ts';
import { spoil } from './spoil.ts';

const header: MessageOf<'result'> = {
  type: 'result',
  incarnation: 1,
  lease: 7,
  version: 3,
  subtree: { start: 0, size: 4 },
  fingerprint: '0123456789abcdef0123456789abcdef',
  computeMs: 1,
  queueMs: 0,
};
/** As a socket gives it: a Buffer somewhere in a larger one. */
const frame = inBuffer(encodeFrame(header, [Float32Array.of(0, 2, 3, 4)]));

function inBuffer(bytes: Uint8Array): Buffer {
  const larger = Buffer.alloc(bytes.length + 8);
  larger.set(bytes, 8);
  return larger.subarray(8);
}

function floatsOf(payload: Uint8Array): number[] {
  return [...new Float32Array(new Uint8Array(payload).buffer)];
}

/** What arrives in place of the frame. */
function spoilt(fault: ResultFault): { message: unknown; floats: number[] } {
  const [{ bytes }] = spoil(frame, fault);
  const { message, payload } = decodeFromWorker(bytes);
  return { message, floats: floatsOf(payload) };
}

describe('a spoilt result', () => {
  it('comes twice, or late, as it is', () => {
    expect(spoil(frame, { kind: 'duplicate-result' })).toEqual([
      { bytes: frame, delayMs: 0 },
      { bytes: frame, delayMs: 0 },
    ]);
    expect(spoil(frame, { kind: 'late-result', ms: 40 })).toEqual([{ bytes: frame, delayMs: 40 }]);
  });

  it('cannot be read if its header or its length is corrupt', () => {
    for (const where of ['header', 'length'] as const) {
      const [{ bytes }] = spoil(frame, { kind: 'corrupt-frame', where });
      expect(() => decodeFromWorker(bytes), where).toThrow();
      expect(bytes.byteLength).toBe(frame.byteLength);
    }
  });

  it('has floats missing, one that is no number, or one with the other sign', () => {
    expect(spoilt({ kind: 'wrong-shape', floats: 3 })).toEqual({ message: header, floats: [0] });
    expect(spoilt({ kind: 'nan' })).toEqual({ message: header, floats: [NaN, 2, 3, 4] });
    expect(spoilt({ kind: 'wrong-gradient' })).toEqual({ message: header, floats: [0, -2, 3, 4] });
  });

  it('is of another replica', () => {
    const { message, floats } = spoilt({ kind: 'wrong-replica' });
    expect(message).toEqual({ ...header, fingerprint: '1123456789abcdef0123456789abcdef' });
    expect(floats).toEqual([0, 2, 3, 4]);
  });

  it('leaves the frame it was made from alone', () => {
    expect(decodeFrame(frame).header).toEqual(header);
    expect(floatsOf(decodeFrame(frame).payload)).toEqual([0, 2, 3, 4]);
  });
});

describe('a planned fault', () => {
  const wrong: [string, PlannedFault][] = [
    ['steps are counted from 1', { party: 'a', step: 0, phase: 'leased', fault: { kind: 'kill' } }],
    ['not to the coordinator', { party: COORDINATOR, step: 1, phase: 'leased', fault: { kind: 'drop' } }],
    ['by the coordinator alone', { party: 'a', step: 1, phase: 'checkpoint', fault: { kind: 'kill' } }],
    ['nan happens to a result', { party: 'a', step: 1, phase: 'average', fault: { kind: 'nan' } }],
  ];
  it.each(wrong)('that can never hit is refused: %s', (why, fault) => {
    expect(() => checkFault(fault)).toThrow(why);
  });
});
