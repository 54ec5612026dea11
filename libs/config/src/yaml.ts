/** The package `yaml`, loaded when it is first needed: it has seventy files, and most commands neither read nor print any. */
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const require = createRequire(import.meta.url);

export function yaml(): typeof Yaml {
  return require('yaml') as typeof Yaml;
}
