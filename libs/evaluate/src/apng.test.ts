import { decode, decodeApng, encode } from 'fast-png';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Animation, AnimationError } from './apng.ts';

const join = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

function picture(data: Uint8Array, [width, height, channels]: readonly [number, number, number]): Uint8Array {
  return encode({ width, height, data, channels, depth: 8 });
}

function animationOf(pictures: readonly Uint8Array[], delays: readonly number[], plays?: number): Uint8Array {
  const animation = new Animation({ frames: pictures.length, plays });
  return join([...pictures.map((png, i) => animation.add(png, delays[i])), animation.end()]);
}

const films = fc
  .tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(1, 3),
    fc.integer({ min: 1, max: 5 }),
  )
  .chain(([width, height, channels, frames]) => {
    const length = width * height * channels;
    const data = fc.uint8Array({ minLength: length, maxLength: length });
    const frame = fc.record({ data, delay: fc.integer({ min: 0, max: 65_535 }) });
    return fc.record({
      size: fc.constant([width, height, channels] as const),
      frames: fc.array(frame, { minLength: frames, maxLength: frames }),
      plays: fc.nat(3),
    });
  });

describe('Animation', () => {
  it('is read back with the pixels, delays and plays that it was given', () => {
    fc.assert(
      fc.property(films, ({ size, frames, plays }) => {
        const pictures = frames.map(({ data }) => picture(data, size));
        const read = decodeApng(
          animationOf(
            pictures,
            frames.map(({ delay }) => delay),
            plays,
          ),
          { checkCrc: true },
        );
        const [width, height, channels] = size;
        const kind = { width, height, channels, depth: 8, numberOfFrames: frames.length, numberOfPlays: plays };
        expect(read).toMatchObject(kind);
        expect(read.frames.map(({ data }) => data)).toEqual(frames.map(({ data }) => data));
        expect(read.frames.map(({ delayNumber }) => delayNumber)).toEqual(frames.map(({ delay }) => delay));
        expect(new Set(read.frames.map(({ delayDenominator }) => delayDenominator))).toEqual(new Set([1000]));
        // A viewer that knows no animation shows the first picture.
        expect(
          decode(
            animationOf(
              pictures,
              frames.map(({ delay }) => delay),
            ),
          ).data,
        ).toEqual(frames[0].data);
      }),
      { numRuns: 40 },
    );
  });

  it('numbers its chunks from 0 without a gap', () => {
    const pictures = [0, 1, 2].map((value) => picture(new Uint8Array(4).fill(value), [2, 2, 1]));
    const bytes = Buffer.from(animationOf(pictures, [1, 1, 1]));
    const found: (readonly [type: string, sequence: number])[] = [];
    for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
      const type = bytes.toString('latin1', at + 4, at + 8);
      if (type === 'fcTL' || type === 'fdAT') found.push([type, bytes.readUInt32BE(at + 8)]);
    }
    expect(found).toEqual([
      ['fcTL', 0],
      ['fcTL', 1],
      ['fdAT', 2],
      ['fcTL', 3],
      ['fdAT', 4],
    ]);
  });

  it('puts a picture of several chunks into one', () => {
    const data = Uint8Array.of(1, 2, 3, 4);
    const whole = picture(data, [2, 2, 1]);
    // The same file, its only IDAT chunk cut in two by a writer of its own.
    const at = Buffer.from(whole).indexOf('IDAT') - 4;
    const length = new DataView(whole.buffer, whole.byteOffset).getUint32(at);
    const idat = whole.subarray(at + 8, at + 8 + length);
    const two = join([
      whole.subarray(0, at),
      idatOf(idat.subarray(0, 3)),
      idatOf(idat.subarray(3)),
      whole.subarray(at + 12 + length),
    ]);
    const read = decodeApng(animationOf([two, two], [5, 6]), { checkCrc: true });
    expect(read.frames.map((frame) => frame.data)).toEqual([data, data]);
  });

  it.each([
    ['text', new TextEncoder().encode('no picture'), 'no PNG file'],
    ['nothing', new Uint8Array(), 'no PNG file'],
    ['half a file', picture(new Uint8Array(16), [4, 4, 1]).subarray(0, 50), 'cut short'],
    ['a signature alone', picture(new Uint8Array(16), [4, 4, 1]).subarray(0, 8), 'cut short'],
    ['another size', picture(new Uint8Array(12), [4, 3, 1]), 'differs from the first one'],
    ['other colours', picture(new Uint8Array(48), [4, 4, 3]), 'differs from the first one'],
    ['a flipped bit', flipped(picture(new Uint8Array(16), [4, 4, 1]), 45), 'is damaged'],
  ])('refuses %s', (_, png, sentence) => {
    const animation = new Animation({ frames: 2 });
    animation.add(picture(new Uint8Array(16), [4, 4, 1]), 10);
    expect(() => animation.add(png, 10)).toThrow(AnimationError);
    expect(() => animation.add(png, 10)).toThrow(sentence);
  });

  it('has as many frames as it said, each with a delay that the format knows', () => {
    const png = picture(new Uint8Array(1), [1, 1, 1]);
    expect(() => new Animation({ frames: 0 })).toThrow(RangeError);
    const animation = new Animation({ frames: 1 });
    expect(() => animation.end()).toThrow('0 of 1 frames');
    expect(() => animation.add(png, 65_536)).toThrow('0 to 65535 ms');
    expect(() => animation.add(png, 0.5)).toThrow('0 to 65535 ms');
    animation.add(png, 65_535);
    expect(() => animation.add(png, 1)).toThrow('has its 1 frames');
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
}

/** An IDAT chunk, its checksum computed bit by bit. */
function idatOf(data: Uint8Array): Uint8Array {
  const named = Buffer.concat([Buffer.from('IDAT'), data]);
  let crc = 0xffffffff;
  for (const byte of named) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
  return join([ends.subarray(0, 4), named, ends.subarray(4)]);
}
