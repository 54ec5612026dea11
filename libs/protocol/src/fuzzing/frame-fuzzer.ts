/**
 * Frames that a hostile or broken peer could send: legal messages, messages with a field changed, dropped, added or of
 * another type, payloads of wrong lengths and numbers, and frames whose bytes were damaged.
 *
 * What it is given to start from are messages that make sense at the time, so that a conversation gets past its greeting.
 */
import { Packr } from '../msgpack.ts';
import { HEADER_LIMIT } from '../frame.ts';
import type { Dice } from './dice.ts';
import { hostileValue } from './hostile-values.ts';

/** A message to start from, as it would be sent. */
export interface Draft {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array;
}

// Not the encoder under test: this one writes whatever it is given.
const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true });

/** Payloads beyond this are cut: a WebSocket server refuses longer messages before they become frames. */
const PAYLOAD_LIMIT = 1 << 16;

export class FrameFuzzer {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** A frame made of a draft, damaged in no, one or several ways. */
  frame(draft: Draft): Uint8Array {
    const dice = this.#dice;
    let { header, payload } = draft;
    const changes = dice.of([0, 1, 1, 1, 2, 5]);
    for (let change = 0; change < changes; change++) {
      if (dice.chance(0.75)) header = this.#header(header);
      else payload = this.#payload(payload);
    }
    const frame = join(packr.pack(header), payload.subarray(0, PAYLOAD_LIMIT));
    return dice.chance(0.2) ? this.damage(frame) : frame;
  }

  /** Changes bytes without regard to what they mean. */
  damage(frame: Uint8Array): Uint8Array {
    const dice = this.#dice;
    let bytes = Uint8Array.from(frame);
    for (let change = dice.below(4); change >= 0; change--) {
      const at = dice.below(Math.min(bytes.length, dice.chance(0.8) ? 400 : bytes.length) + 1);
      switch (dice.below(6)) {
        case 0:
          if (at < bytes.length) bytes[at] ^= 1 << dice.below(8);
          break;
        case 1:
          bytes = bytes.slice(0, at);
          break;
        case 2:
          bytes = concat(bytes.subarray(0, at), noise(dice, dice.of([1, 7, 64])), bytes.subarray(at));
          break;
        case 3:
          bytes = concat(bytes.subarray(0, at), bytes.subarray(at + dice.below(16)));
          break;
        case 4:
          if (bytes.length >= 4) {
            const length = dice.of([0, 1, HEADER_LIMIT, HEADER_LIMIT + 1, 2 ** 31, 2 ** 32 - 1, bytes.length]);
            new DataView(bytes.buffer).setUint32(0, length, true);
          }
          break;
        default:
          if (at < bytes.length) bytes[at] = dice.of([0x00, 0x7f, 0x80, 0xc1, 0xc4, 0xd9, 0xdc, 0xdf, 0xff]);
      }
    }
    return bytes;
  }

  #header(header: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const dice = this.#dice;
    const keys = Object.keys(header);
    const key = keys.length > 0 ? dice.of(keys) : 'type';
    const rest = Object.entries(header).filter(([name]) => name !== key);
    switch (dice.below(6)) {
      case 0:
        return Object.fromEntries(rest);
      case 1:
        return { ...header, [String(hostileValue(dice)).slice(0, 16_345)]: hostileValue(dice) };
      case 2:
        return { ...header, ...(hostileValue(dice) as object) };
      case 3:
        return { ...header, [key]: near(header[key], dice) };
      case 4:
        return Object.fromEntries([...rest, [key, within(header[key], dice)]]);
      default:
        return { ...header, [key]: hostileValue(dice) };
    }
  }

  #payload(payload: Uint8Array): Uint8Array {
    const dice = this.#dice;
    switch (dice.below(5)) {
      case 0:
        return new Uint8Array(0);
      case 1:
        return payload.subarray(0, Math.max(0, payload.length - dice.of([1, 4, 8])));
      case 2:
        return concat(payload, noise(dice, dice.of([1, 4, 8, 4096])));
      case 3:
        return noise(dice, payload.length);
      default: {
        const floats = new Float32Array(Uint8Array.from(payload).buffer, 0, payload.length >> 2);
        for (let i = 0; i < 3 && floats.length > 0; i++) {
          floats[dice.below(floats.length)] = dice.of([NaN, Infinity, -Infinity, 1e22, 3.4e38, -1e30, 1e-45, -0]);
        }
        return new Uint8Array(floats.buffer);
      }
    }
  }
}

/** A value close to a legal one. */
function near(value: unknown, dice: Dice): unknown {
  if (typeof value === 'number') return dice.of([value + 1, value - 1, -value, value * 2, value + 0.5, String(value)]);
  if (typeof value === 'string') {
    return dice.of([value.slice(1), value + value, value.toUpperCase(), `${value}\u0000`, value.length]);
  }
  return dice.of([[value], { value }, null]);
}

/** The value with something changed inside, if it has an inside. */
function within(value: unknown, dice: Dice): unknown {
  if (typeof value !== 'object' || value === null) return hostileValue(dice);
  const keys = Object.keys(value);
  const key = keys.length > 0 && dice.chance(0.7) ? dice.of(keys) : String(hostileValue(dice)).slice(0, 200);
  return { ...value, [key]: hostileValue(dice) };
}

/** A frame as protocol.md describes it, whatever its header is. */
function join(header: Uint8Array, payload: Uint8Array): Uint8Array {
  const start = Math.ceil((4 + header.length) / 8) * 8;
  const frame = new Uint8Array(start + payload.length);
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame.set(header, 4);
  frame.set(payload, start);
  return frame;
}

function noise(dice: Dice, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => dice.below(256));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
