/**
 * Brings vectors before a kernel wherever they lie: those in linear memory as they are, others block by block through
 * the stage, which stays in cache, so such a vector crosses the memory bus once each way as it would anyway.
 */
import { BLOCK_ELEMENTS } from './linear-memory.ts';
import type { LinearMemory } from './linear-memory.ts';

export interface Operands {
  /** Vectors that the kernel writes. */
  readonly written: readonly Float32Array[];
  /** Vectors that it only reads. */
  readonly read: readonly Float32Array[];
  /** Elements of each vector to run over, from its first. */
  readonly length: number;
}

/** Calls a kernel with the operands' addresses, written ones first, and a length in bytes. */
export type KernelCall = (addresses: readonly number[], bytes: number) => void;

/** Runs an elementwise kernel over whole vectors. A vector may occur twice; else they must not overlap. */
export function runStaged(memory: LinearMemory, operands: Operands, call: KernelCall): void {
  const { written, read, length } = operands;
  const vectors = [...written, ...read];
  const staged = vectors.map((vector) => !memory.holds(vector));
  const addresses = vectors.map((vector, operand) => (staged[operand] ? memory.slot(operand) : vector).byteOffset);
  if (!staged.includes(true)) {
    call(addresses, length * Float32Array.BYTES_PER_ELEMENT);
    return;
  }
  for (let start = 0; start < length; start += BLOCK_ELEMENTS) {
    const end = Math.min(start + BLOCK_ELEMENTS, length);
    for (let operand = 0; operand < vectors.length; operand++) {
      if (staged[operand]) memory.slot(operand).set(vectors[operand].subarray(start, end));
    }
    call(addresses, (end - start) * Float32Array.BYTES_PER_ELEMENT);
    for (let operand = 0; operand < vectors.length; operand++) {
      if (!staged[operand]) addresses[operand] += BLOCK_ELEMENTS * Float32Array.BYTES_PER_ELEMENT;
      else if (operand < written.length) vectors[operand].set(memory.slot(operand).subarray(0, end - start), start);
    }
  }
}
