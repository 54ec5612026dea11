/**
 * Brings vectors before a kernel wherever they lie: those in linear memory as they are, others block by block through
 * the stage, which stays in cache, so such a vector crosses the memory bus once each way as it would anyway.
 */
import { packedElementBytes, packedExponents } from './kernels.ts';
import type { PackedFormat, PackedRun } from './kernels.ts';
import { BLOCK_ELEMENTS } from './linear-memory.ts';
import type { LinearMemory } from './linear-memory.ts';

type Access = 'read' | 'write' | 'update';

/** A vector, or one part of a packed run, and what the kernel does with it. */
export interface Operand {
  readonly vector: Float32Array | Uint8Array;
  /** Entries of `vector` that go with a block of the stage. */
  readonly perBlock: number;
  readonly access: Access;
  /** Where the kernel's vector comes from, if what it becomes is written to another place. */
  readonly source?: Float32Array;
}

/** How far a kernel runs. */
export interface Extent {
  readonly elements: number;
  /** The kernel takes a multiple of so many elements, at most 16; what is missing at the end is staged as zeros. */
  readonly group: number;
}

/** Calls a kernel with the operands' addresses, the float32 bytes to run over, and the index of the first element. */
export type BlockCall = (addresses: readonly number[], bytes: number, start: number) => void;

export interface Operands {
  /** Vectors that the kernel writes. */
  readonly written: readonly Float32Array[];
  /** Vectors that it only reads. */
  readonly read: readonly Float32Array[];
  /** Elements of each vector to run over, from its first. */
  readonly length: number;
}

/** Sixteen elements of any format end within 64 bytes. */
const GROUP_ELEMENTS = 16;
const GROUP_BYTES = GROUP_ELEMENTS * Float32Array.BYTES_PER_ELEMENT;

export const read = (vector: Float32Array): Operand => ({ vector, perBlock: BLOCK_ELEMENTS, access: 'read' });
export const write = (vector: Float32Array): Operand => ({ vector, perBlock: BLOCK_ELEMENTS, access: 'write' });
const update = (vector: Float32Array): Operand => ({ vector, perBlock: BLOCK_ELEMENTS, access: 'update' });

/** What a kernel that works in place makes of `source`, written to `target`. */
export const replaced = (target: Float32Array, source: Float32Array): Operand =>
  source.buffer === target.buffer && source.byteOffset === target.byteOffset
    ? update(target)
    : { ...update(target), source };

/** Exponents and values of a packed run. */
export function packedOperands(format: PackedFormat, run: PackedRun, access: Access): readonly [Operand, Operand] {
  return [
    { vector: run.exponents, perBlock: packedExponents(format, BLOCK_ELEMENTS), access },
    { vector: run.values, perBlock: BLOCK_ELEMENTS * packedElementBytes(format), access },
  ];
}

/** All elements, for a kernel that takes sixteen at a time. */
export const wholeGroups = (elements: number): Extent => ({ elements, group: GROUP_ELEMENTS });

/** Runs an elementwise kernel over whole vectors. A vector may occur twice; else they must not overlap. */
export function runStaged(memory: LinearMemory, operands: Operands, call: BlockCall): void {
  const extent = { elements: operands.length, group: 1 };
  runBlocks(memory, [...operands.written.map(update), ...operands.read.map(read)], extent, call);
}

/** Runs a kernel over operands of several widths. One may occur twice; else they must not overlap. */
export function runBlocks(memory: LinearMemory, operands: readonly Operand[], extent: Extent, call: BlockCall): void {
  const { elements, group } = extent;
  const ragged = elements % group !== 0;
  const staged = operands.map(({ vector, source }) => ragged || source !== undefined || !memory.holds(vector));
  const addresses = operands.map(({ vector }, slot) => (staged[slot] ? memory.slot(slot) : vector).byteOffset);
  if (!staged.includes(true)) {
    call(addresses, elements * Float32Array.BYTES_PER_ELEMENT, 0);
    return;
  }
  for (let start = 0; start < elements; start += BLOCK_ELEMENTS) {
    const block = start / BLOCK_ELEMENTS;
    const count = Math.min(BLOCK_ELEMENTS, elements - start);
    operands.forEach((operand, slot) => {
      if (staged[slot] && operand.access !== 'write') stage(memory, operand, slot, block);
    });
    call(addresses, Math.ceil(count / group) * group * Float32Array.BYTES_PER_ELEMENT, start);
    operands.forEach((operand, slot) => {
      if (!staged[slot]) addresses[slot] += operand.perBlock * operand.vector.BYTES_PER_ELEMENT;
      else if (operand.access !== 'read') unstage(memory, operand, slot, block);
    });
  }
}

function stage(memory: LinearMemory, operand: Operand, slot: number, block: number): void {
  const { perBlock, source, vector } = operand;
  const part = (source ?? vector).subarray(block * perBlock, (block + 1) * perBlock);
  slotFor(memory, vector, slot).set(part);
  const rest = part.byteLength % GROUP_BYTES;
  if (rest > 0) memory.slotBytes(slot).fill(0, part.byteLength, part.byteLength + GROUP_BYTES - rest);
}

function unstage(memory: LinearMemory, { vector, perBlock }: Operand, slot: number, block: number): void {
  const count = Math.min(perBlock, vector.length - block * perBlock);
  vector.set(slotFor(memory, vector, slot).subarray(0, count), block * perBlock);
}

/** A slot as the vector's own kind of array, so that copies are of bytes. */
function slotFor(memory: LinearMemory, vector: Float32Array | Uint8Array, slot: number): Float32Array | Uint8Array {
  return vector instanceof Float32Array ? memory.slot(slot) : memory.slotBytes(slot);
}
