import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { declarationsOf } from './types.mjs';

describe('declarationsOf', () => {
  const made = declarationsOf('apps/cli/src/api.ts');
  const imports = [...made].flatMap(([name, text]) =>
    [...text.matchAll(/from ['"]([^'"]+)['"]/g)].map(([, path]) => ({ name, path })),
  );

  it('begins with the entry', () => {
    const [[name, text]] = made;
    expect(name).toBe('cli/api.d.ts');
    expect(text).toMatch(/export \{ train \} from '.\/api\/train.js'/);
  });

  it('has every file that another names, and nothing of the workspace by its package', () => {
    expect(imports.length).toBeGreaterThan(3);
    for (const { name, path } of imports) {
      expect(path).not.toMatch(/^@gradcast/);
      if (!path.startsWith('.')) continue;
      expect(path).toMatch(/\.js$/);
      expect([...made.keys()]).toContain(posix.join(posix.dirname(name), path.replace(/\.js$/, '.d.ts')));
    }
  });

  it('leaves out what the entry does not lead to', () => {
    expect([...made.keys()].filter((name) => /supervise|reporter|index|child/.test(name))).toEqual([]);
  });

  it('takes other declarations for a file', () => {
    const other = 'export interface TrainOptions { steps?: number }\n';
    const file = 'apps/cli/src/api/train-options.ts';
    expect(declarationsOf('apps/cli/src/api.ts', { [file]: other }).get('cli/api/train-options.d.ts')).toBe(other);
  });
});
