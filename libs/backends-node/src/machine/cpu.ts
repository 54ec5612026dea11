/** What a processor says of itself, as far as it decides bits. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The words of a system about its processor, as they are. */
export interface Cpu {
  /** As `os.cpus()` has it; empty in some virtual machines, `unknown` on many ARM ones. */
  readonly model: string;
  /** As `process.arch` has it. */
  readonly arch: string;
  /** Linux' `/proc/cpuinfo`; null where there is none. */
  readonly cpuinfo: string | null;
}

/** Kernels are chosen by these instruction sets, so they belong to the numeric profile. */
const VECTOR_FLAGS = /^(sse4_2|avx|avx2|fma|avx512\w*|amx\w*|asimd\w*|sve\w*|bf16)$/;

/** @param path of the system's own words; a test gives another file. */
export function thisCpu(path = '/proc/cpuinfo'): Cpu {
  return { model: cpus().at(0)?.model ?? '', arch: process.arch, cpuinfo: readIfThere(path) };
}

/** Model and vector instructions in one line: of any length, and of any characters that the system's words have. */
export function cpuFeatures({ model, arch, cpuinfo }: Cpu): string {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo ?? '')?.[1] ?? '';
  const flags = line.split(' ').filter((flag) => VECTOR_FLAGS.test(flag));
  return [model.trim() || arch, ...flags.sort()].join(' ');
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
