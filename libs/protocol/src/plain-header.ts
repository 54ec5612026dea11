/**
 * What a header may be made of, told from its bytes before anything is decoded: numbers, strings, booleans, nil, and a few
 * maps and arrays of these.
 *
 * msgpack's extension types build other things (dates, expressions, records whose readers are compiled); no message has
 * any, so none reaches the decoder. Depth and number of values are bounded, so a header costs about what its bytes do.
 */

/** Maps and arrays inside each other; a `hello` has two. */
export const DEPTH_LIMIT = 4;
/** Values and keys in one header; a `hello` with a full profile has under a hundred. */
export const VALUE_LIMIT = 512;
/** Bytes of a key; names of facts and counters have up to 120 characters. */
export const KEY_LIMIT = 256;

/** Bytes behind the first one of fixed-length types, by first byte. */
const NUMBER_BYTES: Readonly<Record<number, number>> = {
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

/** @returns why a header must not be decoded, in a few words, or undefined. */
export function headerProblem(packed: Uint8Array): string | undefined {
  const scan = new Scan(packed);
  scan.value(0);
  return scan.problem ?? (scan.at === packed.length ? undefined : 'its header ends early');
}

class Scan {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;
  problem: string | undefined;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Passes one value; stops at the first problem. */
  value(depth: number): void {
    const type = this.#type();
    if (type === undefined) return;
    if (type <= 0x7f || type >= 0xe0 || type === 0xc0 || type === 0xc2 || type === 0xc3) return;
    const stringBytes = this.#stringBytes(type);
    if (stringBytes !== undefined) return this.#skip(stringBytes);
    if (type in NUMBER_BYTES) return this.#skip(NUMBER_BYTES[type]);
    const isMap = type <= 0x8f || type === 0xde || type === 0xdf;
    if (isMap || type <= 0x9f || type === 0xdc || type === 0xdd) return this.#container(type, isMap, depth + 1);
    this.problem = 'its header has a value of a type that no message has';
  }

  #container(type: number, isMap: boolean, depth: number): void {
    if (depth > DEPTH_LIMIT) return this.#fail('its header is nested too deeply');
    const entries = type <= 0x9f ? type & 0x0f : this.#length(type === 0xdc || type === 0xde ? 2 : 4);
    for (let entry = 0; entry < entries && this.problem === undefined; entry++) {
      if (!isMap || this.#key()) this.value(depth);
    }
  }

  /** Passes a key. @returns whether there is nothing wrong with it. */
  #key(): boolean {
    const type = this.#type();
    const bytes = type === undefined ? undefined : this.#stringBytes(type);
    if (bytes === undefined) this.#fail('its header has a key that is no string');
    else if (bytes > KEY_LIMIT) this.#fail(`its header has a key of more than ${KEY_LIMIT} bytes`);
    else this.#skip(bytes);
    return this.problem === undefined;
  }

  /** Counts a value and takes its first byte. */
  #type(): number | undefined {
    this.#values += 1;
    if (this.#values > VALUE_LIMIT) this.#fail(`its header has more than ${VALUE_LIMIT} keys and values`);
    else if (this.at >= this.#bytes.length) this.#fail('its header is cut short');
    return this.problem === undefined ? this.#bytes[this.at++] : undefined;
  }

  /** Length of a string in bytes, or undefined if the type is another. */
  #stringBytes(type: number): number | undefined {
    if (type >= 0xa0 && type <= 0xbf) return type & 0x1f;
    if (type < 0xd9 || type > 0xdb) return undefined;
    return this.#length(2 ** (type - 0xd9));
  }

  #length(bytes: number): number {
    if (this.at + bytes > this.#bytes.length) {
      this.#fail('its header is cut short');
      return 0;
    }
    const { at } = this;
    this.at += bytes;
    if (bytes === 1) return this.#view.getUint8(at);
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #skip(bytes: number): void {
    this.at += bytes;
    if (this.at > this.#bytes.length) this.#fail('its header is cut short');
  }

  #fail(problem: string): void {
    this.problem ??= problem;
  }
}
