/**
 * Writes messages in the protocol buffers wire format (protobuf.dev, "Encoding"), as far as a GraphDef needs it. A field
 * is a key, which is its number and wire type, and a value; messages within messages are bytes with a length.
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Fields of one message, in the order in which they are added. Every method returns the message itself. */
export class Message {
  readonly #parts: Uint8Array[] = [];

  /** An integer, boolean or enum. Negative ones take ten bytes, as int64 does. */
  integer(field: number, value: number): this {
    return this.#add(field, VARINT, varint(value));
  }

  /** Integers in one packed field. */
  integers(field: number, values: readonly number[]): this {
    return this.bytes(field, Buffer.concat(values.map(varint)));
  }

  float(field: number, value: number): this {
    return this.#add(field, FIXED32, float32(value));
  }

  /** Floats in one packed field. */
  floats(field: number, values: readonly number[]): this {
    return this.bytes(field, Buffer.concat(values.map(float32)));
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#add(field, LENGTH_DELIMITED, varint(value.length), value);
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  encode(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #add(field: number, wireType: number, ...value: Uint8Array[]): this {
    this.#parts.push(varint((field << 3) | wireType), ...value);
    return this;
  }
}

/** Seven bits a byte, the lowest first; all but the last byte have their top bit set. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function float32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
