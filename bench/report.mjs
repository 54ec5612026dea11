/**
 * What all benchmarks share: medians, paired rounds, tables, what machine it was, and the library from its sources.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { bundleProgram } from '../bin/bundle.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Reads a count from the command line, or ends the program with exit code 2 and one sentence. */
export function countArgument(text, byDefault, sentence) {
  const count = Number(text ?? byDefault);
  if (Number.isInteger(count) && count >= 1) return count;
  console.error(sentence);
  process.exit(2);
}

/**
 * Reads `--name value` flags from the command line, or ends the program with exit code 2 and one sentence.
 *
 * @param readers for each flag a function from its text (undefined if absent) to its value; it throws one sentence.
 */
export function flagArguments(readers) {
  const options = Object.fromEntries(Object.keys(readers).map((name) => [name, { type: 'string' }]));
  try {
    const { values } = parseArgs({ options, strict: true });
    return Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, read(values[name])]));
  } catch (error) {
    console.error(error.message.split('\n')[0]);
    process.exit(2);
  }
}

/** A flag that is a whole number of at least 1. */
export function countFlag(name, byDefault) {
  return (text) => {
    const count = Number(text ?? byDefault);
    if (Number.isInteger(count) && count >= 1) return count;
    throw new Error(`--${name} takes a whole number, 1 or more`);
  };
}

/** A flag that is a list of some of `choices`, separated by commas; all of them if absent. */
export function choicesFlag(name, choices, byDefault = choices) {
  return (text) => {
    const chosen = text === undefined ? [...byDefault] : text.split(',');
    const stranger = chosen.find((each) => !choices.includes(each));
    if (stranger === undefined) return chosen;
    throw new Error(`--${name} takes some of ${choices.join(', ')}, separated by commas, not ${stranger}`);
  };
}

/** A goal and whether it was reached: null if the call did not measure what it is about. */
export function target(what, wanted, measured) {
  const reached = measured === undefined ? null : measured >= wanted;
  return { what, wanted, measured: measured === undefined ? null : round(measured), reached };
}

/**
 * Reads `[ROUNDS] [--NAME VALUE ...]` from the command line, or ends the program with exit code 2 and one sentence.
 *
 * @param rounds their number by default.
 * @param counts options that are whole numbers of 1 or more, with their defaults.
 * @param texts options that are not.
 */
export function optionsOf({ name, rounds, counts = {}, texts = [] }) {
  const usage = [...Object.keys(counts).map((key) => `--${key} N`), ...texts.map((key) => `--${key} LIST`)];
  const sentence = `${name} takes the number of rounds, 1 or more, then ${usage.join(', ')}`;
  const types = Object.fromEntries([...Object.keys(counts), ...texts].map((key) => [key, { type: 'string' }]));
  let parsed;
  try {
    parsed = parseArgs({ options: types, allowPositionals: true });
    if (parsed.positionals.length > 1) throw new RangeError('one number of rounds is enough');
  } catch {
    console.error(sentence);
    process.exit(2);
  }
  const { values, positionals } = parsed;
  const numbers = Object.entries(counts).map(([key, byDefault]) => {
    return [key, countArgument(values[key], byDefault, sentence)];
  });
  return { ...values, ...Object.fromEntries(numbers), rounds: countArgument(positionals[0], rounds, sentence) };
}

/** What a reader must know of the machine to place a number. */
export function machine() {
  const [first] = cpus();
  return { cpu: first?.model, cores: availableParallelism(), node: process.version, loadAverage: round(loadavg()[0]) };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Two digits behind the point. */
export function round(value) {
  return Math.round(value * 100) / 100;
}

/** Median of the ratios of paired measurements: each round's own numerator over its own denominator. */
export function pairedRatio(numerators, denominators) {
  return median(numerators.map((value, index) => value / denominators[index]));
}

/** The contestants of a round, in an order that alternates, so that none always runs on the warmer machine. */
export function orderOf(contestants, round) {
  return round % 2 === 0 ? [...contestants] : contestants.toReversed();
}

/** Prints a Markdown table to stderr; the first row is its head. JSON alone goes to stdout. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const line = (row) => `| ${row.map((cell, column) => String(cell).padEnd(widths[column])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  console.error([line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n'));
}

/** A folder of this benchmark's own inside `dist`, where npm packages are found; the caller removes it. */
export async function scratchFolder() {
  await mkdir(join(root, 'dist'), { recursive: true });
  return mkdtemp(join(root, 'dist', 'gradcast-bench-'));
}

/**
 * Bundles a source of this repository for processes that a benchmark starts; npm packages stay outside, so the file
 * must lie in a {@link scratchFolder}.
 */
export function bundle(path, outfile) {
  return bundleProgram({ entryPoints: [join(root, path)] }, outfile);
}

/** Imports a TypeScript source of this repository: Node 20 cannot load one. What only npm has stays outside the bundle. */
export async function loadSource(path, { external = [] } = {}) {
  // Where npm packages are found, or a temporary folder when none is needed.
  const parent = external.length > 0 ? join(root, 'dist') : tmpdir();
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'gradcast-bench-'));
  try {
    const outfile = join(folder, 'source.mjs');
    await build({
      entryPoints: [join(root, path)],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'error',
      external,
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
