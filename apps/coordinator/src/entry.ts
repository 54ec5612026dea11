/**
 * Where a thread's code lies: beside this module's own file once built, beside its source before.
 */
export function entryUrl(name: string, moduleUrl: string): URL {
  return new URL(`./${name}${moduleUrl.endsWith('.ts') ? '.ts' : '.mjs'}`, moduleUrl);
}
