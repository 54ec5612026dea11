import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { circleThrough, graphOf, importedBy, ROOMS, sources, strayImports } from './imports.mjs';

const graph = (texts) => graphOf(new Map(Object.entries(texts)));

describe('importedBy', () => {
  it('finds imports of values and of types, of several lines, re-exports and dynamic ones, and no comments', () => {
    const text = `
      import type { A } from './a.ts';
      import {
        b,
        type B,
      } from './b.ts';
      export { c } from './c.ts';
      import './d.ts';
      const e = await import('./e.ts');
      // import './not.ts';
      /** {@link x} from './nor.ts' */
    `;
    expect(importedBy(text)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts']);
  });
});

describe('circleThrough', () => {
  it('finds the circle that listeners, the run and the server once were', () => {
    const texts = {
      'apps/coordinator/src/doors.ts': `import type { RunOptions } from './run.ts';\nimport { serve } from './server.ts';`,
      'apps/coordinator/src/run.ts': `import { openDoors } from './doors.ts';`,
      'apps/coordinator/src/server.ts': `import type { Admit } from './doors.ts';`,
      'apps/coordinator/src/main.ts': `import { run } from './run.ts';`,
    };
    const [doors, run, server, main] = Object.keys(texts);
    expect(circleThrough(graph(texts), run)).toEqual([run, doors]);
    expect(circleThrough(graph(texts), server)).toEqual([server, doors]);
    // It leads into a circle and is in none.
    expect(circleThrough(graph(texts), main)).toBeUndefined();
  });

  it('finds one over packages', () => {
    const texts = {
      'libs/a/src/index.ts': `export { x } from './x.ts';`,
      'libs/a/src/x.ts': `import { y } from '@gradcast/b';`,
      'libs/b/src/index.ts': `import type { x } from '@gradcast/a';`,
    };
    expect(circleThrough(graph(texts), 'libs/a/src/x.ts')).toHaveLength(3);
  });

  it('finds a file that imports itself', () => {
    expect(circleThrough(graph({ 'libs/a/src/a.ts': `import './a.ts';` }), 'libs/a/src/a.ts')).toHaveLength(1);
  });
});

describe('strayImports', () => {
  const texts = {
    'apps/coordinator/src/failure.ts': '',
    'apps/coordinator/src/round.ts': `import './leasing/step.ts';`,
    'apps/coordinator/src/leasing/step.ts': `import '../membership/peer.ts'; import '../records/log.ts';`,
    'apps/coordinator/src/leasing/step.test.ts': `import '../records/log.ts';`,
    'apps/coordinator/src/membership/peer.ts': `import '../leasing/step.ts'; import '../round.ts'; import '../failure.ts';`,
    'apps/coordinator/src/records/log.ts': '',
  };
  const strayOf = (file) => strayImports(graph(texts), `apps/coordinator/src/${file}`);

  it('refuses what the table does not allow', () => {
    expect(strayOf('leasing/step.ts')).toEqual(['apps/coordinator/src/records/log.ts']);
    expect(strayOf('membership/peer.ts')).toEqual([
      'apps/coordinator/src/leasing/step.ts',
      'apps/coordinator/src/round.ts',
    ]);
  });

  it('lets tests and the root put rooms together', () => {
    expect(strayOf('leasing/step.test.ts')).toEqual([]);
    expect(strayOf('round.ts')).toEqual([]);
  });
});

describe('the sources', () => {
  const all = graphOf(sources());

  it('have no circle and no import out of its room', () => {
    expect(all.size).toBeGreaterThan(300);
    const faults = [...all.keys()].flatMap((file) => [circleThrough(all, file) ?? [], strayImports(all, file)].flat());
    expect(faults).toEqual([]);
  });

  it('have the rooms that ARCHITECTURE.md shows, which may import what it says', () => {
    const text = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)\/` +\|[^|]*\| ([^|]+) \|$/gm)];
    const shown = rows.map(([, room, may]) => [room, [...may.matchAll(/`(\w+)\/`/g)].map(([, name]) => name).sort()]);
    const { run, ...others } = ROOMS;
    const known = Object.entries(others).map(([room, may]) => [room, [...may].sort()]);
    expect(Object.fromEntries(shown)).toEqual({ ...Object.fromEntries(known), run: [] });
    expect([...run].sort()).toEqual(Object.keys(others).sort());
  });
});
