/** For tests: the readers of other languages, by the Python that TEST_PYTHON names. */
import { execFileSync } from 'node:child_process';

const python = process.env['TEST_PYTHON'] ?? 'python3';

/** Whether this machine's Python can import these. */
export function pythonHas(...modules: readonly string[]): boolean {
  try {
    execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a program that reads f32 from its standard input and writes f32 to its standard output.
 *
 * @throws Error with what it wrote to its standard error.
 */
export function runPython(program: string, args: readonly string[], input: Float32Array): Float32Array {
  const bytes = execFileSync(python, ['-c', program, ...args], {
    input: new Uint8Array(input.buffer, input.byteOffset, input.byteLength),
    maxBuffer: 2 ** 28,
  });
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
