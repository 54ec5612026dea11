import { describe, expect, it } from 'vitest';
import { Message } from './protobuf.ts';

function hex(message: Message): string {
  return Buffer.from(message.encode()).toString('hex');
}

describe('Message', () => {
  it('is empty without fields', () => {
    expect(hex(new Message())).toBe('');
  });

  // The first two are the examples of protobuf.dev, "Encoding".
  it.each([
    [150, '089601'],
    [-2, '08feffffffffffffffff01'],
    [0, '0800'],
    [127, '087f'],
    [128, '088001'],
    [2 ** 32, '088080808010'],
  ])('writes the integer %d as a varint', (value, bytes) => {
    expect(hex(new Message().integer(1, value))).toBe(bytes);
  });

  it('writes strings, bytes and messages with their length', () => {
    expect(hex(new Message().string(2, 'testing'))).toBe('120774657374696e67');
    expect(hex(new Message().string(2, 'é'))).toBe('1202c3a9');
    expect(hex(new Message().bytes(3, Uint8Array.of(1, 0, 255)))).toBe('1a030100ff');
    expect(hex(new Message().message(3, new Message().integer(1, 150)))).toBe('1a03089601');
  });

  it('writes the length of long bytes and the key of a high field as varints', () => {
    const encoded = hex(new Message().bytes(16, new Uint8Array(300)));
    expect(encoded.slice(0, 8)).toBe('8201ac02');
    expect(encoded).toHaveLength(8 + 600);
  });

  it('writes floats in little-endian order', () => {
    expect(hex(new Message().float(4, 1))).toBe('250000803f');
    expect(hex(new Message().floats(4, [1, -2]))).toBe('22080000803f000000c0');
  });

  it('packs lists', () => {
    expect(hex(new Message().integers(6, [3, 270, 86942]))).toBe('3206038e029ea705');
    expect(hex(new Message().integers(6, []))).toBe('3200');
  });

  it('keeps the order of its fields', () => {
    expect(hex(new Message().integer(2, 1).integer(1, 2).integer(2, 3))).toBe('100108021003');
  });
});
