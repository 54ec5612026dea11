/** The command that computes a run again, from what its folder says that it was told. */
import { optionsOf, recordedSettings } from '@gradcast/config';
import { DEFINITION_FLAGS, flagDefault } from '@gradcast/definition';
import { printable } from '@gradcast/protocol';
import { defaultsOfTask } from '@gradcast/tasks';
import { member, word } from '@gradcast/watching';
import type { Profiles } from './profiles.ts';

/** What is said even where it is what a run has of which nothing is said. */
const ALWAYS: readonly string[] = ['preset', 'task', 'seed', 'steps', 'epochs'];
const BATCHES: readonly string[] = ['global-batch', 'micro-batches'];
/** Characters of one value. */
const MOST_CHARACTERS = 1000;

/** Undefined where the configuration does not say enough. */
export function commandLine(config: object, summary: unknown, profiles: Pick<Profiles, 'common'>): string | undefined {
  const settings = recordedSettings(config);
  if (settings['preset'] === undefined && settings['task'] === undefined) return undefined;
  const usual = defaultsFor(settings['preset']);
  // One of the two alone changes what the other stands for.
  const isCut = BATCHES.some((name) => settings[name] !== usual[name]);
  const words = ['gradcast', 'train'];
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === null) continue;
    if (!ALWAYS.includes(name) && !(isCut && BATCHES.includes(name)) && value === usual[name]) continue;
    words.push(`--${name}`, quotedForShell(value));
  }
  if (member(config, 'onDivergence') === 'skip') words.push('--on-divergence', 'skip');
  words.push(...backendWords(config, summary, profiles));
  return words.join(' ');
}

/** What a run of this preset has of which nothing is said. */
function defaultsFor(preset: unknown): Record<string, unknown> {
  const task = defaultsOfTask(String(preset));
  const plain = optionsOf('train').map((option) => [option.name, option.default] as const);
  if (!task) return Object.fromEntries(plain);
  const flags = DEFINITION_FLAGS.map((flag) => [flag.name, flagDefault(flag, task)] as const);
  const batch = task.microBatch * task.microBatches;
  return { ...Object.fromEntries([...plain, ...flags]), 'global-batch': batch, 'micro-batches': task.microBatches };
}

/** What computed, which decides the last bits. */
function backendWords(config: object, summary: unknown, profiles: Pick<Profiles, 'common'>): string[] {
  const [used, device] = [profiles.common('backend') ?? word(summary, 'backend'), profiles.common('device') ?? ''];
  const known: Readonly<Record<string, string>> = {
    wasm: 'wasm',
    webgpu: 'webgpu',
    tensorflow: device.startsWith('cuda') ? 'cuda' : 'tensorflow',
  };
  const threads = Number(profiles.common('threads') ?? 1);
  const words = Object.hasOwn(known, used) ? ['--backend', known[used]] : [];
  const isSet = threads > 1 && used === 'tensorflow' && Number.isSafeInteger(threads);
  return [...words, ...(isSet ? ['--threads', String(threads)] : []), ...exact(config)];
}

function exact(config: object): string[] {
  return member(config, 'exact') === true ? ['--exact'] : [];
}

/** A value as a POSIX shell takes it. */
export function quotedForShell(value: unknown): string {
  const text = typeof value === 'string' ? printable(value, MOST_CHARACTERS) : JSON.stringify(value);
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
