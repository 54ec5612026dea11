/** Readers of other languages, by the Python that TEST_PYTHON names. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const executable = process.env['TEST_PYTHON'] ?? 'python3';

/** Whether this machine's Python can import these. */
export function pythonHas(...modules: readonly string[]): boolean {
  try {
    execFileSync(executable, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a program that gets `input` on its standard input. @returns what it prints, which is JSON.
 *
 * @throws Error with what it wrote to its standard error.
 */
export async function readByPython(
  program: string,
  { args = [], input }: { readonly args?: readonly string[]; readonly input?: Uint8Array },
): Promise<unknown> {
  const running = promisify(execFile)(executable, ['-c', program, ...args], { maxBuffer: 2 ** 28 });
  running.child.stdin?.end(input);
  return JSON.parse((await running).stdout);
}
