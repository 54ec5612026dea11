/**
 * The linear memory that the WebAssembly kernels see: a small stage at its start, vectors after it.
 *
 * Invariant: the memory never grows. Growth would detach every view of it, so what a run needs is reserved at once; the
 * system hands out the pages when they are first written.
 */
import { LANES } from './fingerprint.ts';
import { PACK_BLOCK } from './kernels.ts';
import { MEASURE_LANES } from './measure.ts';

/** Elements of one slot of the stage: four slots of 64 kB stay in a core's second-level cache. */
export const BLOCK_ELEMENTS = 16_384;
const SLOTS = 4;
/** The first bytes hold a kernel's lanes. */
const LANE_BYTES = LANES * Int32Array.BYTES_PER_ELEMENT;
/** Two unpacked blocks of packed runs lie between the lanes and the stage. */
export const SCRATCH_ADDRESS = LANE_BYTES;
const SCRATCH_BYTES = 2 * PACK_BLOCK * Float32Array.BYTES_PER_ELEMENT;
const ALIGNMENT_BYTES = 64;
const PAGE_BYTES = 65_536;
const SLOT_BYTES = BLOCK_ELEMENTS * Float32Array.BYTES_PER_ELEMENT;
const STAGE_START = SCRATCH_ADDRESS + SCRATCH_BYTES;
const STAGE_END = STAGE_START + SLOTS * SLOT_BYTES;

/** Bytes that a vector of this many elements takes: vectors start on 64-byte boundaries. */
function bytesFor(elements: number): number {
  return Math.ceil((elements * Float32Array.BYTES_PER_ELEMENT) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** Lanes of a fingerprint, at address 0. */
  readonly words: Int32Array;
  /** Lanes of a sum of squares, at address 0. */
  readonly sums: Float64Array;
  readonly #slots: readonly Float32Array[];
  readonly #slotBytes: readonly Uint8Array[];
  readonly #buffer: ArrayBuffer;
  /** Length of each vector that is handed out, by address. */
  readonly #held = new Map<number, number>();
  /** Addresses of vectors that were given back, by length. */
  readonly #free = new Map<number, number[]>();
  #end = STAGE_END;

  /**
   * @param reserve lengths, in elements, of the vectors that may be held at the same time.
   * @throws RangeError if the engine cannot reserve that much.
   */
  constructor(reserve: readonly number[]) {
    const bytes = reserve.reduce((sum, elements) => sum + bytesFor(elements), STAGE_END);
    const pages = Math.ceil(bytes / PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#buffer = this.memory.buffer;
    this.words = new Int32Array(this.#buffer, 0, LANES);
    this.sums = new Float64Array(this.#buffer, 0, MEASURE_LANES);
    const slots = Array.from({ length: SLOTS }, (_, slot) => STAGE_START + slot * SLOT_BYTES);
    this.#slots = slots.map((address) => new Float32Array(this.#buffer, address, BLOCK_ELEMENTS));
    this.#slotBytes = slots.map((address) => new Uint8Array(this.#buffer, address, SLOT_BYTES));
  }

  /** A vector of zeros in this memory, or, once what was reserved is used up, an ordinary one. */
  allocate(length: number): Float32Array {
    const address = this.#free.get(length)?.pop() ?? this.#take(length);
    if (address === undefined) return new Float32Array(length);
    this.#held.set(address, length);
    return new Float32Array(this.#buffer, address, length).fill(0);
  }

  /** Takes a vector back. @throws RangeError if it lies here and is not held: a part of one, or given back before. */
  release(vector: Float32Array): void {
    if (!this.holds(vector)) return;
    const { byteOffset, length } = vector;
    if (this.#held.get(byteOffset) !== length)
      throw new RangeError('this vector was not handed out, or was given back');
    this.#held.delete(byteOffset);
    const free = this.#free.get(length);
    if (free) free.push(byteOffset);
    else this.#free.set(length, [byteOffset]);
  }

  /** Whether a vector, or part of one, lies in this memory: then its address is its `byteOffset`. */
  holds(vector: Float32Array | Uint8Array): boolean {
    return vector.buffer === this.#buffer;
  }

  /** A place of {@link BLOCK_ELEMENTS} elements for an operand's current block. */
  slot(operand: number): Float32Array {
    return this.#slots[operand];
  }

  /** The same place as bytes. */
  slotBytes(operand: number): Uint8Array {
    return this.#slotBytes[operand];
  }

  #take(length: number): number | undefined {
    const address = this.#end;
    const end = address + bytesFor(length);
    if (length === 0 || end > this.#buffer.byteLength) return undefined;
    this.#end = end;
    return address;
  }
}
