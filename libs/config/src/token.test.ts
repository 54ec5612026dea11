import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MAX_TOKEN_LENGTH, readToken } from './token.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradcast-token-'));
afterAll(() => rmSync(folder, { recursive: true }));

function inFile(text: string) {
  const file = join(folder, 'token');
  writeFileSync(file, text);
  return readToken(file, undefined);
}
const code = (reading: ReturnType<typeof readToken>) => ('problem' in reading ? reading.problem.code : reading.token);

describe('readToken', () => {
  it('takes the variable, and a file before it', () => {
    expect(code(readToken(null, undefined))).toBeNull();
    expect(code(readToken(null, ' abc\n'))).toBe('abc');
    writeFileSync(join(folder, 'token'), 'from-file\n');
    expect(code(readToken(join(folder, 'token'), 'from-environment'))).toBe('from-file');
  });

  it('accepts the longest token and refuses one character more', () => {
    expect(code(inFile('x'.repeat(MAX_TOKEN_LENGTH)))).toBe('x'.repeat(MAX_TOKEN_LENGTH));
    expect(code(inFile('x'.repeat(MAX_TOKEN_LENGTH + 1)))).toBe('token-shape');
    expect(code(inFile('x'.repeat(MAX_TOKEN_LENGTH * 5)))).toBe('token-shape');
  });

  it('refuses nothing, spaces inside and what is not printable', () => {
    for (const text of ['', ' \n ', 'two words', 'tab\there', 'schl\u00fcssel', 'bell\u0007']) {
      expect(code(inFile(text))).toBe('token-shape');
    }
  });

  it('says what is wrong with the file and never what it holds', () => {
    expect(code(readToken(join(folder, 'none'), undefined))).toBe('token-file');
    expect(code(readToken(folder, undefined))).toBe('token-file');
    expect(JSON.stringify(inFile('secret secret'))).not.toContain('secret secret');
  });
});
