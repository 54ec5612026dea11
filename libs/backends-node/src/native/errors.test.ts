import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { NATIVE_ERROR_CODES, nativeError } from './errors.ts';
import { WHEEL_SETS } from './wheels.ts';

describe('docs/backends.md', () => {
  it('has a heading for each code', async () => {
    const text = await readFile(new URL('../../../../docs/backends.md', import.meta.url), 'utf8');
    const headings = [...text.matchAll(/^### `([a-z-]+)`$/gm)].map(([, code]) => code);
    const ours = headings.filter((code) => !/^(webgpu|wasm)-/.test(code));
    expect(ours).toEqual([...NATIVE_ERROR_CODES]);
  });

  it('says that CUDA has not run on a GPU as long as the table says so', async () => {
    const text = await readFile(new URL('../../../../docs/backends.md', import.meta.url), 'utf8');
    const cuda = WHEEL_SETS.find(({ variant }) => variant === 'cuda');
    expect(text.includes('not yet run on a GPU')).toBe(cuda?.run === 'not yet run');
  });
});

describe('nativeError', () => {
  it('keeps code, sentence, remedy and cause', () => {
    const cause = new Error('below');
    const error = nativeError('native-load-failed', 'it does not load', 'install it', cause);
    expect(error).toMatchObject({ name: 'BackendError', code: 'native-load-failed', remedy: 'install it', cause });
  });
});
