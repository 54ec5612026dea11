import fc from 'fast-check';
import * as msgpackr from 'msgpackr/pack';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from './errors.ts';
import { decodeFrame, encodeFrame, frameLimit, HEADER_LIMIT, payloadWithRoom, sealFrame } from './frame.ts';

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('encodeFrame', () => {
  it('writes length, header, padding and payload', () => {
    const frame = encodeFrame({ a: 1 }, [Float32Array.of(1, -2)]);
    expect(hexOf(frame)).toBe('04000000' + '81a16101' + '0000803f' + '000000c0');
  });

  it('refuses a header above the limit and takes one at it', () => {
    const overhead = 6; // map with one key of one letter, and the length of a str16
    expect(() => encodeFrame({ a: 'x'.repeat(HEADER_LIMIT - overhead + 1) })).toThrow(RangeError);
    const frame = encodeFrame({ a: 'x'.repeat(HEADER_LIMIT - overhead) });
    expect(frame.byteLength).toBe(frameLimit(0));
    expect((decodeFrame(frame).header as { a: string }).a).toHaveLength(HEADER_LIMIT - overhead);
  });
});

describe('sealFrame', () => {
  const header = { type: 'result', lease: 7 };

  it('writes what encodeFrame writes, around a payload that stays where it is', () => {
    const payload = payloadWithRoom(16);
    payload.set([1, 2, 3, 4]);
    const frame = sealFrame(header, payload);
    expect(hexOf(frame)).toBe(hexOf(encodeFrame(header, [payload])));
    expect(frame.buffer).toBe(payload.buffer);
    expect(decodeFrame(frame).payload.byteOffset).toBe(payload.byteOffset);
  });

  it('can be done again with another header, and leaves nothing of the first', () => {
    const payload = payloadWithRoom(8);
    sealFrame({ secret: 'x'.repeat(500) }, payload);
    expect(hexOf(sealFrame(header, payload))).toBe(hexOf(encodeFrame(header, [payload])));
  });

  it('copies a payload that has no room before it, and one whose header needs more', () => {
    const plain = Uint8Array.of(1, 2, 3, 4);
    const part = payloadWithRoom(16).subarray(8);
    const roomy = payloadWithRoom(8);
    const long = { text: 'x'.repeat(5000) };
    for (const [message, payload] of [
      [header, plain],
      [header, part],
      [long, roomy],
    ] as const) {
      const frame = sealFrame(message, payload);
      expect(frame.buffer).not.toBe(payload.buffer);
      expect(hexOf(frame)).toBe(hexOf(encodeFrame(message, [payload])));
    }
  });
});

describe('decodeFrame', () => {
  it('gives back header and payload at any offset of a buffer, the payload aligned', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^[a-z]{1,8}$/),
          fc.oneof(
            fc.integer(),
            fc.string(),
            fc.double({ noNaN: true }).map((value) => value + 0),
            fc.constant(null),
          ),
        ),
        fc.float32Array({ maxLength: 40 }),
        fc.nat(9),
        (header, payload, offset) => {
          const frame = encodeFrame(header, [payload]);
          const buffer = new Uint8Array(offset + frame.length + 3);
          buffer.set(frame, offset);
          const decoded = decodeFrame(buffer.subarray(offset, offset + frame.length));
          expect(decoded.header).toEqual({ ...header });
          expect(decoded.payload.byteOffset % 8).toBe(0);
          expect(decoded.payload).toEqual(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength));
        },
      ),
    );
  });

  it('aligns the payload of an array whose slice is a view, as that of Node’s Buffer is', () => {
    class Sliced extends Uint8Array {
      override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
        return this.subarray(start, end);
      }
    }
    const frame = encodeFrame({ a: 1 }, [Float32Array.of(1, 2)]);
    const odd = new Sliced(frame.length + 3);
    odd.set(frame, 3);
    const { payload } = decodeFrame(odd.subarray(3));
    expect(new Float32Array(payload.buffer, payload.byteOffset, 2)).toEqual(Float32Array.of(1, 2));
  });

  it('takes no copy of an aligned payload', () => {
    const frame = encodeFrame({ a: 1 }, [new Float32Array(4)]);
    expect(decodeFrame(frame).payload.buffer).toBe(frame.buffer);
  });

  it.each([
    ['nothing', ''],
    ['a cut length', '040000'],
    ['a length of zero', '00000000'],
    ['a length beyond the frame', '09000000 81a16101'],
    ['a length beyond the limit', '01400000 81a16101'],
    ['a header that is no msgpack', '04000000 c1c1c1c1'],
    ['a header cut short', '02000000 81a10000'],
  ])('refuses %s', (_, hex) => {
    expect(refusal(() => decodeFrame(bytesOf(hex)))).toBe('frame-malformed');
  });

  it('refuses a header of another type than messages have, however it is packed', () => {
    for (const value of [new Date(0), new Uint8Array(3), undefined, new Map([[1, 2]])]) {
      expect([value, refusal(() => decodeFrame(encodeFrame({ value })))]).toEqual([value, 'frame-malformed']);
    }
  });

  it('decodes in JavaScript, whatever machine code is installed', () => {
    // Typed as a member of the package's other entry only; set when machine code was loaded, by whichever entry.
    expect((msgpackr as { isNativeAccelerationEnabled?: boolean }).isNativeAccelerationEnabled).toBe(false);
  });

  it('never throws anything but a refusal, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(['accepted', 'frame-malformed']).toContain(refusal(() => decodeFrame(bytes)));
      }),
      { numRuns: 2000 },
    );
  });
});
