/** The version of the package. */
import { readFileSync } from 'node:fs';

/** @param moduleUrl of a built program, two folders below `package.json`. */
export function packageVersion(moduleUrl: string): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', moduleUrl), 'utf8')) as { version: string };
  return version;
}
