/**
 * The options of one command after all layers were merged.
 *
 * Invariant: every place is read to its end, so the problems are complete whatever was wrong first. An option whose
 * value was refused has its default here and is not `sound`: rules over several options skip it instead of complaining
 * twice.
 */
import { readConfigFile } from './config-file.ts';
import { type Layer, readEnvironment, readFileLayer, readFlags } from './layers.ts';
import { type CommandName, defaultOf, type OptionValue } from './options.ts';
import { optionsOf } from './option-table.ts';
import { readValue } from './option-value.ts';
import type { Problem } from './problem.ts';
import { readSavedRun } from './saved-run.ts';

/** Where a value stands, weakest first. */
export const PLACES = ['default', 'run', 'file', 'environment', 'flag'] as const;
export type Place = (typeof PLACES)[number];

interface Settled {
  readonly value: OptionValue | null;
  readonly place: Place;
  readonly label: string;
  readonly sound: boolean;
}

/** Typed access to merged options. Asking for an option the command lacks is a programming error. */
export class Settings {
  readonly #settled: ReadonlyMap<string, Settled>;

  constructor(settled: ReadonlyMap<string, Settled>) {
    this.#settled = settled;
  }

  /** Whatever it is; null when not set. */
  value(name: string): OptionValue | null {
    return this.#get(name).value;
  }

  /** Text or choice; null when not set. */
  text(name: string): string | null {
    const { value } = this.#get(name);
    return value === null ? null : String(value);
  }

  /** Number; null when not set. */
  number(name: string): number | null {
    const { value } = this.#get(name);
    return typeof value === 'number' ? value : null;
  }

  /** Whether a switch is on. */
  isOn(name: string): boolean {
    return this.#get(name).value === true;
  }

  /** Whether no place set one of these to something that was refused. */
  areSound(...names: readonly string[]): boolean {
    return names.every((name) => this.#get(name).sound);
  }

  /** How strong the place is that set the option: an index into {@link PLACES}. */
  strength(name: string): number {
    return PLACES.indexOf(this.#get(name).place);
  }

  /** How a sentence names the option: as the user wrote it, `--name` if nobody did. */
  label(name: string): string {
    return this.#get(name).label;
  }

  /** Whether the command has such an option. */
  has(name: string): boolean {
    return this.#settled.has(name);
  }

  /** Names and values in the order of help, but for what only makes sense on a command line. */
  entries(command: CommandName): [string, OptionValue | null][] {
    const inFiles = optionsOf(command).filter((option) => !option.notInFile);
    return inFiles.map(({ name }) => [name, this.#get(name).value]);
  }

  #get(name: string): Settled {
    const settled = this.#settled.get(name);
    if (!settled) throw new RangeError(`this command has no option ${name}`);
    return settled;
  }
}

export interface Gathered {
  readonly settings: Settings;
  readonly operands: readonly string[];
  readonly problems: readonly Problem[];
}

/** Reads flags, environment, file and the run to resume (if any), and merges them. */
export function gather(
  command: CommandName,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Gathered {
  const flags = readFlags(command, args);
  const variables = readEnvironment(command, environment);
  const problems = [...flags.problems, ...variables.problems];
  const layers: Partial<Record<Place, Layer>> = { environment: variables.layer, flag: flags.layer };

  const file = strongest('config', layers);
  if (typeof file === 'string' && file.trim() !== '') {
    const read = readConfigFile(file);
    if ('problem' in read) problems.push(read.problem);
    else {
      const fromFile = readFileLayer(command, read.document, file);
      layers.file = fromFile.layer;
      problems.push(...fromFile.problems);
    }
  }
  const resume = strongest('resume', layers);
  if (typeof resume === 'string' && resume.trim() !== 'auto') layers.run = readSavedRun(resume);
  const settled = settle(command, layers);
  return { settings: settled.settings, operands: flags.operands, problems: [...problems, ...settled.problems] };
}

function strongest(name: string, layers: Partial<Record<Place, Layer>>): unknown {
  const written = layers.flag?.get(name) ?? layers.environment?.get(name) ?? layers.file?.get(name);
  return written?.raw;
}

/** Only the strongest place's value of an option counts; the weaker ones are checked too, as nobody wants them wrong. */
function settle(command: CommandName, layers: Partial<Record<Place, Layer>>) {
  const settled = new Map<string, Settled>();
  const problems: Problem[] = [];
  for (const option of optionsOf(command)) {
    let result: Settled = {
      value: defaultOf(option, command),
      place: 'default',
      label: `--${option.name}`,
      sound: true,
    };
    for (const place of PLACES) {
      const written = layers[place]?.get(option.name);
      if (!written) continue;
      const reading = readValue(option, written.raw, written.label);
      if ('problem' in reading) {
        problems.push(reading.problem);
        result = { ...result, sound: false };
      } else {
        result = { value: reading.value, place, label: written.label, sound: result.sound };
      }
    }
    settled.set(option.name, result);
  }
  return { settings: new Settings(settled), problems };
}
