#!/usr/bin/env node
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';

await import(pathToFileURL(join(await build(), 'cli.mjs')).href);
