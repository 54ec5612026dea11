/**
 * Who imports whom: finds circles of files, and imports that the table of rooms in ARCHITECTURE.md does not allow. Lint asks
 * it about every file (`eslint.config.mjs`). Imports of types count, since a circle of types is read in circles, too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const COORDINATOR = 'apps/coordinator/src/';

/** Rooms of the coordinator, and which others each may import; the root of its sources is a room without a name. */
export const ROOMS = {
  run: ['records', 'network', 'membership', 'audit', 'leasing', 'volunteers', 'viewing'],
  records: [],
  network: [],
  membership: ['network'],
  audit: ['membership', 'network'],
  leasing: ['membership', 'audit'],
  volunteers: ['network'],
  viewing: ['network'],
};

/** What lies at the root and every room may import. */
const OPEN = ['entry.ts', 'events.ts', 'failure.ts'];

/** Tests, and what only tests use, may put any rooms together. */
const FOR_TESTS = /(\.test|-harness|-fuzz)\.ts$/;

/** Modules that a text imports, in any form but a computed one. */
export function importedBy(text) {
  const withoutComments = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found = withoutComments.matchAll(/\b(?:from|import)\s*\(?\s*'([^'\n]+)'/g);
  return [...found].map(([, path]) => path);
}

/**
 * @param texts a map from path, with `/` and from the repository's root, to text.
 * @returns a map from path to the paths in `texts` that it imports.
 */
export function graphOf(texts) {
  const targetOf = (from, path) => {
    if (path.startsWith('.')) return posix.join(posix.dirname(from), path);
    const [scope, name, ...inner] = path.split('/');
    return scope === '@gradcast' ? ['libs', name, 'src', ...inner, 'index.ts'].join('/') : '';
  };
  return new Map(
    [...texts].map(([from, text]) => [
      from,
      importedBy(text)
        .map((path) => targetOf(from, path))
        .filter((path) => texts.has(path)),
    ]),
  );
}

/** @returns the shortest circle through a file, as its paths in order, or undefined. */
export function circleThrough(graph, file) {
  const cameFrom = new Map();
  const queue = [file];
  for (const at of queue) {
    for (const next of graph.get(at) ?? []) {
      if (next === file) {
        const circle = [at];
        while (circle[0] !== file) circle.unshift(cameFrom.get(circle[0]));
        return circle;
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return undefined;
}

/** @returns the imports of a file of the coordinator that the table of rooms does not allow. */
export function strayImports(graph, file) {
  if (!file.startsWith(COORDINATOR) || FOR_TESTS.test(file)) return [];
  const from = roomOf(file);
  // `round.ts` and `main.ts` see everything.
  if (from === undefined) return [];
  const allowed = [from, ...(ROOMS[from] ?? [])];
  return (graph.get(file) ?? []).filter((path) => {
    if (!path.startsWith(COORDINATOR)) return false;
    const to = roomOf(path);
    return to === undefined ? !OPEN.includes(path.slice(COORDINATOR.length)) && from !== 'run' : !allowed.includes(to);
  });
}

/** The room a file of the coordinator lies in; undefined at the root. */
function roomOf(file) {
  const [room, inner] = file.slice(COORDINATOR.length).split('/');
  return inner === undefined ? undefined : room;
}

/** The sources of all packages and benchmarks as they are on the disk. */
export function sources() {
  const packages = ['apps', 'libs'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => posix.join(group, name, 'src')),
  );
  const texts = new Map();
  for (const folder of [...packages, 'bench']) {
    for (const file of filesIn(join(root, folder))) {
      const path = posix.join(folder, file.replaceAll('\\', '/'));
      if (path.endsWith('.ts') && !path.endsWith('.d.ts')) texts.set(path, readFileSync(join(root, path), 'utf8'));
    }
  }
  return texts;
}

function filesIn(folder) {
  try {
    return readdirSync(folder, { recursive: true });
  } catch (error) {
    // What is left of a package that is gone.
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  }
}

let known;

/** For ESLint: each file of a circle, and each import out of a room, is a fault. */
export const importRules = {
  rules: {
    imports: {
      meta: { type: 'problem', schema: [] },
      create(context) {
        return {
          Program(node) {
            known ??= graphOf(sources());
            const file = context.filename.slice(root.length + 1).replaceAll('\\', '/');
            const circle = circleThrough(known, file);
            if (circle) context.report({ node, message: `a circle of imports: ${[...circle, file].join(' -> ')}` });
            for (const path of strayImports(known, file)) {
              context.report({ node, message: `${path} is not open to this room; see the rooms in ARCHITECTURE.md` });
            }
          },
        };
      },
    },
  },
};
