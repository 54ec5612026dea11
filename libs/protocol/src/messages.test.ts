import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from './errors.ts';
import { encodeFrame } from './frame.ts';
import { decodeFromCoordinator, decodeFromWorker, PROTOCOL_VERSION } from './messages.ts';
import type { MessageOf } from './messages.ts';
import { leaseBytes, leaseParts, openEncoded, openLease, openSnapshot } from './payloads.ts';

const result: MessageOf<'result'> = {
  type: 'result',
  incarnation: 1,
  lease: 5,
  version: 3,
  subtree: { start: 4, size: 4 },
  fingerprint: '0123456789abcdef0123456789abcdef',
  computeMs: 12.5,
  queueMs: 0,
};

function refusal(header: object): string {
  try {
    decodeFromWorker(encodeFrame(header));
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('messages', () => {
  it('come out as they went in', () => {
    expect(decodeFromWorker(encodeFrame(result)).message).toEqual(result);
    const skipped: MessageOf<'average'> = { type: 'average', incarnation: 2, version: 9, scalars: null };
    expect(decodeFromCoordinator(encodeFrame(skipped)).message).toEqual(skipped);
  });

  it('carry float32 scalars to the bit', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (alpha) => {
        fc.pre(alpha !== 0); // msgpack has one integer zero; a step size is never zero
        const scalars = { alpha, oneMinusBeta1: 0.5, oneMinusBeta2: Math.fround(0.001), epsilon: 1e-8 };
        const { message } = decodeFromCoordinator(
          encodeFrame({ type: 'average', incarnation: 1, version: 0, scalars }),
        );
        expect(Object.is((message as MessageOf<'average'>).scalars?.alpha, alpha)).toBe(true);
      }),
    );
  });

  it.each<[string, object]>([
    ['an unknown type', { type: 'shout' }],
    ['no type', {}],
    ['a missing field', { ...result, lease: undefined }],
    ['an extra field', { ...result, extra: 1 }],
    ['a negative version', { ...result, version: -1 }],
    ['a version that is no integer', { ...result, version: 0.5 }],
    ['a time that is not finite', { ...result, computeMs: NaN }],
    ['a fingerprint in capitals', { ...result, fingerprint: result.fingerprint.toUpperCase() }],
    ['a message of the other side', { type: 'done', incarnation: 1, reason: 'x' }],
    ['a list', []],
  ])('refuse %s', (_, header) => {
    expect(refusal(header)).toBe('message-invalid');
  });

  it('tell another protocol version from a malformed hello', () => {
    expect(refusal({ type: 'hello', protocol: PROTOCOL_VERSION + 1, whatever: true })).toBe('protocol-version');
    expect(refusal({ type: 'hello', protocol: PROTOCOL_VERSION })).toBe('message-invalid');
  });
});

describe('payloads', () => {
  const shape = { parameters: 32, tail: 16, pixels: 9, latent: 3, microBatchSize: 5 };

  it('hold a lease’s images and noise, whatever the padding between', () => {
    const images = Uint8Array.from({ length: 90 }, (_, i) => i);
    const noise = Float32Array.from({ length: 30 }, (_, i) => i / 4);
    const { payload } = decodeFromCoordinator(
      encodeFrame(
        { type: 'lease', incarnation: 1, lease: 1, version: 0, first: 0, count: 2, deadlineMs: 1 },
        leaseParts(shape, { images, noise }),
      ),
    );
    expect(payload.byteLength).toBe(leaseBytes(shape, 2));
    expect(openLease(payload, shape, 2)).toEqual({ images, noise });
  });

  it('are refused a byte off', () => {
    for (const off of [-4, -1, 1, 4]) {
      expect(() => openEncoded(new Uint8Array(128 + off), 128)).toThrow(ProtocolError);
      expect(() => openSnapshot(new Uint8Array(384 + off), 32)).toThrow(ProtocolError);
      expect(() => openLease(new Uint8Array(leaseBytes(shape, 2) + off), shape, 2)).toThrow(ProtocolError);
    }
    expect(openSnapshot(new Uint8Array(384), 32).map(({ length }) => length)).toEqual([32, 32, 32]);
  });
});
