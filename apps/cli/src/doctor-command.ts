/** What the command line adds to `runDoctor`: a question on the terminal, and Ctrl-C that ends an installation well. */
import { createInterface } from 'node:readline/promises';
import { runDoctor, type DoctorOptions } from './doctor.ts';

export type DoctorFlags = Pick<DoctorOptions, 'install' | 'backend' | 'yes' | 'json' | 'buildBinding'>;

/** Runs `gradcast doctor` for a user; returns the exit code. */
export async function doctorCommand(flags: DoctorFlags): Promise<number> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  // Not once: a terminal and npm both send the signal, and the second must not end the process half-way.
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const ask = process.stdin.isTTY && process.stderr.isTTY ? askOnTerminal(interruption.signal) : undefined;
    return await runDoctor({ ...flags, ask, signal: interruption.signal });
  } finally {
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
}

/** Anything but yes is no, an interruption too. */
function askOnTerminal(signal: AbortSignal): (question: string) => Promise<boolean> {
  return async (question) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await terminal.question(`${question} [y/N] `, { signal });
      return /^y(es)?$/i.test(answer.trim());
    } catch {
      return false;
    } finally {
      terminal.close();
    }
  };
}
