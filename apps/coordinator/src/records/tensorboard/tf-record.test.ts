import { describe, expect, it } from 'vitest';
import { crc32c, tfRecord } from './tf-record.ts';

const text = (written: string) => new TextEncoder().encode(written);

describe('CRC-32C', () => {
  it.each([
    ['of nothing', new Uint8Array(), 0],
    ['of the digits (the catalogue of CRC algorithms)', text('123456789'), 0xe3069283],
    ['of 32 zeros (RFC 3720, B.4)', new Uint8Array(32), 0x8a9136aa],
    ['of 32 ones (RFC 3720, B.4)', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['of 32 bytes that count (RFC 3720, B.4)', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ])('%s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });
});

it('a record has its length, two checksums and its bytes', () => {
  // What the checksums are to be is told by TensorBoard's reader: see tensorboard.test.ts.
  expect(Buffer.from(tfRecord(text('abc'))).toString('hex')).toMatch(/^0300000000000000[0-9a-f]{8}616263[0-9a-f]{8}$/);
});
