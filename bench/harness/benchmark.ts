/**
 * A benchmark as a value, and its run from the command line to the exit code.
 *
 * Invariant: whatever way a benchmark ends, by a failure or a signal too, its processes are gone.
 */
import { ArgumentError, helpOf, readArguments } from './arguments.ts';
import type { Parameters, Values } from './arguments.ts';
import { BenchmarkError } from './errors.ts';
import { Harness } from './harness.ts';
import type { Facilities } from './harness.ts';
import { printReport, tell } from './report.ts';

interface Definition<Words extends Parameters, Flags extends Parameters> {
  /** `npm run bench:NAME`. */
  readonly name: string;
  /** What it shows, a sentence or two. */
  readonly shows: string;
  /** How long it takes by default, on two cores. */
  readonly lasts: string;
  readonly words: Words;
  readonly flags: Flags;
  /** @returns the report that is printed to stdout; undefined if it prints none. */
  readonly run: (harness: Harness, options: Values<Words> & Values<Flags>) => Promise<object | undefined>;
}

/** A benchmark, whatever it takes. */
export interface Benchmark {
  readonly name: string;
  readonly shows: string;
  readonly lasts: string;
  /** What `--help` prints. */
  readonly help: string;
  /**
   * Reads the command line.
   *
   * @returns the run, or `help` if that was asked for.
   * @throws ArgumentError
   */
  readonly prepare: (args: readonly string[]) => ((harness: Harness) => Promise<object | undefined>) | 'help';
}

export function defineBenchmark<Words extends Parameters, Flags extends Parameters>(
  definition: Definition<Words, Flags>,
): Benchmark {
  const { name, shows, lasts, run } = definition;
  const words = Object.keys(definition.words).map((word) => `[${word.toUpperCase()}] `);
  const usage = `npm run bench:${name} [-- ${words.join('')}[FLAGS]]`;
  return {
    name,
    shows,
    lasts,
    help: `${usage}\n\n${shows}\nTakes ${lasts}. Tables go to stderr, JSON to stdout.\n\n${helpOf(definition)}\n`,
    prepare: (args) => {
      const options = readArguments(definition, args);
      return options === 'help' ? 'help' : (harness) => run(harness, options);
    },
  };
}

/** Exit codes by signal. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The first signal that tells a benchmark to end. */
class Interruption {
  /** Rejects when it comes. */
  readonly came: Promise<never>;
  exitCode: number | undefined;
  readonly #listeners: Readonly<Record<string, () => void>>;

  constructor() {
    let reject: (reason: Error) => void;
    this.came = new Promise((_, refuse) => (reject = refuse));
    // Nobody may wait for it when it comes.
    this.came.catch(() => undefined);
    const listener = (code: number) => () => {
      this.exitCode ??= code;
      reject(new BenchmarkError('interrupted'));
    };
    this.#listeners = Object.fromEntries(Object.entries(SIGNALS).map(([signal, code]) => [signal, listener(code)]));
    for (const [signal, listen] of Object.entries(this.#listeners)) process.on(signal, listen);
  }

  forget(): void {
    for (const [signal, listen] of Object.entries(this.#listeners)) process.off(signal, listen);
  }
}

/**
 * Runs a benchmark.
 *
 * @returns the exit code: 2 for a command line that it does not take, 1 for a {@link BenchmarkError}, that of a signal if
 *   it was interrupted. Each but the last comes with one sentence on stderr.
 */
export async function runBenchmark(
  benchmark: Benchmark,
  facilities: Facilities,
  args: readonly string[],
): Promise<number> {
  const harness = new Harness(facilities);
  const interruption = new Interruption();
  try {
    const run = benchmark.prepare(args);
    if (run === 'help') {
      process.stdout.write(benchmark.help);
      return 0;
    }
    const report = await Promise.race([run(harness), interruption.came]);
    if (report !== undefined) await printReport(report);
    return 0;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    if (!(error instanceof ArgumentError || error instanceof BenchmarkError)) throw error;
    tell(error.message);
    return error instanceof ArgumentError ? 2 : error.exitCode;
  } finally {
    await harness.close();
    interruption.forget();
  }
}
