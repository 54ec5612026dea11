import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from './errors.ts';
import { encodeFrame } from './frame.ts';
import { decodeFromCoordinator, decodeFromWorker, PROTOCOL_VERSION, refusal } from './messages.ts';
import type { MessageOf } from './messages.ts';
import { leaseBytes, leaseParts, openEncoded, openLease, openSnapshot } from './payloads.ts';
import { isPrintable } from './text.ts';

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

const hello: MessageOf<'hello'> = {
  type: 'hello',
  protocol: PROTOCOL_VERSION,
  backend: 'wasm',
  device: 'cpu',
  profile: { backend: 'wasm' },
  threads: 1,
  name: 'ada',
  metricsPort: null,
  session: null,
};

function refusalOf(header: object): string {
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
    ['a missing field', Object.fromEntries(Object.entries(result).filter(([name]) => name !== 'lease'))],
    ['an extra field', { ...result, extra: 1 }],
    ['a negative version', { ...result, version: -1 }],
    ['a version that is no integer', { ...result, version: 0.5 }],
    ['a time that is not finite', { ...result, computeMs: NaN }],
    ['a fingerprint in capitals', { ...result, fingerprint: result.fingerprint.toUpperCase() }],
    ['a message of the other side', { type: 'done', incarnation: 1, reason: 'x' }],
    ['a list', []],
  ])('refuse %s', (_, header) => {
    expect(refusalOf(header)).toBe('message-invalid');
  });

  it.each<[string, object]>([
    ['a name with spaces', { name: 'a b' }],
    ['a name that moves the cursor', { name: 'a\u001b[2A' }],
    ['no name', { name: '' }],
    ['a name of 64 letters', { name: 'n'.repeat(64) }],
    ['a device with the end of a line', { device: 'cpu\nworker x joined' }],
    ['a device of 121 characters', { device: 'd'.repeat(121) }],
    ['a fact of 121 characters', { profile: { features: 'f'.repeat(121) } }],
    ['a fact with a control character', { profile: { features: 'a\u0007' } }],
    ['a fact that says nothing', { profile: { features: '' } }],
    ['a fact of the name of the probe', { profile: { probe: 'x' } }],
    ['25 facts', { profile: Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`f${i}`, 'x'])) }],
  ])('refuse a hello with %s', (_, change) => {
    expect(refusalOf(hello)).toBe('accepted');
    expect(refusalOf({ ...hello, ...change })).toBe('message-invalid');
  });

  it('take sixteen digits for what a worker chose, or nothing', () => {
    const ready = { type: 'ready', incarnation: 1, probe: 'ab'.repeat(32), probeMs: 1 };
    for (const more of [{}, { tuning: '0123456789abcdef' }]) expect(refusalOf({ ...ready, ...more })).toBe('accepted');
    for (const tuning of ['', 'ab', 'AB'.repeat(8), 'ab'.repeat(9), null, 5]) {
      expect(refusalOf({ ...ready, tuning })).toBe('message-invalid');
    }
  });

  it.each([
    ['a code with capitals', { code: 'Silent' }],
    ['a sentence that moves the cursor', { sentence: 'a\u009b1A' }],
    ['a sentence that turns the direction of writing', { sentence: 'a\u202eb' }],
  ])('refuse %s from either side', (_, change) => {
    const sent = { ...refusal('silent', 'nothing came'), ...change };
    expect(refusalOf(sent)).toBe('message-invalid');
    expect(() => decodeFromCoordinator(encodeFrame(sent))).toThrow(ProtocolError);
  });

  it('repeat little of what a peer made up, and nothing that cannot be printed', () => {
    const key = `\u001b[2J${'k'.repeat(16_000)}`;
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`key${i}`, 1]));
    const pong = { type: 'pong', incarnation: 1, id: 1 };
    const headers = [
      { ...pong, [key]: 1 },
      { ...pong, ...many },
      { type: key },
      { ...hello, profile: { [key]: 'x' } },
      { type: 'stats', incarnation: 1, counters: { [key]: 1 } },
      { ...hello, backend: key },
    ];
    for (const header of headers) {
      let thrown: unknown;
      try {
        decodeFromWorker(encodeFrame(header));
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(ProtocolError);
      const { code, message } = thrown as ProtocolError;
      expect(message.length).toBeLessThan(400);
      expect(isPrintable(message)).toBe(true);
      expect(message).not.toContain('k'.repeat(41));
      const { message: back } = decodeFromCoordinator(encodeFrame(refusal(code, message)));
      expect(back).toMatchObject({ type: 'refuse', sentence: message });
    }
  });

  it('make any refusal fit', () => {
    const sent = refusal('message-invalid', `\u0000${'語'.repeat(20_000)}`);
    expect(decodeFromCoordinator(encodeFrame(sent)).message).toEqual(sent);
  });

  it('tell another protocol version from a malformed hello', () => {
    expect(refusalOf({ type: 'hello', protocol: PROTOCOL_VERSION + 1, whatever: true })).toBe('protocol-version');
    expect(refusalOf({ type: 'hello', protocol: PROTOCOL_VERSION })).toBe('message-invalid');
  });
});

describe('payloads', () => {
  const fields = [
    { name: 'images', dtype: 'u8', elements: 9 },
    { name: 'noise', dtype: 'f32', elements: 3 },
    { name: 'labels', dtype: 'u8', elements: 1 },
  ] as const;
  const shape = { parameters: 32, slots: 2, fields, microBatchSize: 5 };

  it('hold a lease’s fields, whatever the padding between', () => {
    const images = Uint8Array.from({ length: 90 }, (_, i) => i);
    const noise = Float32Array.from({ length: 30 }, (_, i) => i / 4);
    const labels = Uint8Array.from({ length: 10 }, (_, i) => 9 - i);
    const { payload } = decodeFromCoordinator(
      encodeFrame(
        { type: 'lease', incarnation: 1, lease: 1, version: 0, first: 0, count: 2 },
        leaseParts(shape, { images, noise, labels }),
      ),
    );
    // 90 bytes and 6 of padding, 120 bytes, and the last field without any.
    expect([payload.byteLength, leaseBytes(shape, 2)]).toEqual([96 + 120 + 10, 96 + 120 + 10]);
    expect(openLease(payload, shape, 2)).toEqual({ images, noise, labels });
  });

  it('are refused a byte off', () => {
    for (const off of [-4, -1, 1, 4]) {
      expect(() => openEncoded(new Uint8Array(128 + off), 128)).toThrow(ProtocolError);
      expect(() => openSnapshot(new Uint8Array(384 + off), shape)).toThrow(ProtocolError);
      expect(() => openLease(new Uint8Array(leaseBytes(shape, 2) + off), shape, 2)).toThrow(ProtocolError);
    }
    const { parameters, slots } = openSnapshot(new Uint8Array(384), shape);
    expect([parameters, ...slots].map(({ length }) => length)).toEqual([32, 32, 32]);
  });
});
