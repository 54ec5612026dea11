/** Reads a configuration file into one mapping. JSON is read as YAML, of which it is a part. */
import { readFileSync, statSync } from 'node:fs';
import type { Problem } from './problem.ts';
import { quoted } from './problem.ts';
import { yaml } from './yaml.ts';

/** A configuration is a page, not a data set. */
const MAX_CONFIG_BYTES = 1024 * 1024;

export type ConfigDocument = { readonly document: Readonly<Record<string, unknown>> } | { readonly problem: Problem };

/** Reads `path` (relative to the working folder). An empty file is an empty mapping. */
export function readConfigFile(path: string): ConfigDocument {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_CONFIG_BYTES)
      return refuse('config-unreadable', `the configuration file ${quoted(path)} is too long`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT') return refuse('config-missing', `there is no configuration file ${quoted(path)}`);
    return refuse('config-unreadable', `the configuration file ${quoted(path)} cannot be read (${code})`);
  }
  const parsed = yaml().parseDocument(text, { uniqueKeys: true, logLevel: 'silent' });
  const fault = parsed.errors.at(0);
  if (fault) {
    const line = fault.linePos ? ` at line ${fault.linePos[0].line}` : '';
    const reason = fault.message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '');
    return refuse(
      'config-syntax',
      `the configuration file ${quoted(path)} is not valid YAML or JSON${line}: ${reason}`,
    );
  }
  let document: unknown;
  try {
    // Bounds what repeated aliases can unfold into.
    document = parsed.toJS({ maxAliasCount: 100 }) ?? {};
  } catch {
    return refuse('config-syntax', `the configuration file ${quoted(path)} repeats itself too often through aliases`);
  }
  if (typeof document !== 'object' || Array.isArray(document) || document === null) {
    return refuse(
      'config-syntax',
      `the configuration file ${quoted(path)} must be one mapping of option names to values`,
    );
  }
  return { document: document as Readonly<Record<string, unknown>> };
}

function refuse(code: Problem['code'], sentence: string): ConfigDocument {
  return { problem: { code, sentence } };
}
