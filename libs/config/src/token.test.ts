import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MAX_CREDENTIALS, MAX_TOKEN_LENGTH, MIN_TOKEN_LENGTH, readCredentials, readToken } from './token.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradcast-token-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, 'token');
  writeFileSync(file, text);
  return file;
}
const inFile = (text: string) => readToken(fileOf(text), undefined);
const credentialsIn = (text: string) => readCredentials(fileOf(text), undefined);
const code = (reading: ReturnType<typeof readToken>) => ('problem' in reading ? reading.problem.code : reading.token);
const secret = (letter: string) => letter.repeat(MIN_TOKEN_LENGTH);

describe('readToken', () => {
  it('takes the variable, and a file before it', () => {
    expect(code(readToken(null, undefined))).toBeNull();
    expect(code(readToken(null, ` ${secret('a')}\n`))).toBe(secret('a'));
    expect(code(readToken(fileOf(`${secret('f')}\n`), secret('e')))).toBe(secret('f'));
  });

  it('accepts the shortest and the longest token, and refuses one character less or more', () => {
    for (const length of [MIN_TOKEN_LENGTH, MAX_TOKEN_LENGTH]) {
      expect(code(inFile('x'.repeat(length)))).toBe('x'.repeat(length));
      expect(code(readToken(null, 'x'.repeat(length)))).toBe('x'.repeat(length));
    }
    for (const length of [1, MIN_TOKEN_LENGTH - 1, MAX_TOKEN_LENGTH + 1]) {
      expect(code(inFile('x'.repeat(length)))).toBe('token-shape');
      expect(code(readToken(null, 'x'.repeat(length)))).toBe('token-shape');
    }
    expect(code(inFile('x'.repeat(5 << 20)))).toBe('token-shape');
  });

  it('refuses nothing, spaces inside and what is not printable', () => {
    for (const text of [
      '',
      ' \n ',
      'two words',
      `tab\there${secret('x')}`,
      'schl\u00fcssel-schl\u00fcssel',
      'bell\u0007',
    ]) {
      expect(code(inFile(text))).toBe('token-shape');
    }
  });

  it('takes a worker’s own line of a coordinator’s file, but not the whole file', () => {
    expect(code(inFile(`# of ada\nada worker ${secret('a')}\n`))).toBe(secret('a'));
    expect(code(inFile(`ada worker ${secret('a')}\nbob worker ${secret('b')}\n`))).toBe('token-shape');
  });

  it('says what is wrong with the file and never what it holds', () => {
    expect(code(readToken(join(folder, 'none'), undefined))).toBe('token-file');
    expect(code(readToken(folder, undefined))).toBe('token-file');
    for (const text of ['hidden hidden', 'a b hidden hidden', 'ada worker hidden', `ada hidden ${secret('z')}`]) {
      expect(code(inFile(text))).toBe('token-shape');
      expect(JSON.stringify(inFile(text))).not.toMatch(/hidden|zzzz/);
    }
  });
});

describe('readCredentials', () => {
  it('knows a bare secret as the one that all share', () => {
    const shared = { credentials: [{ name: null, role: 'worker', secret: secret('s') }] };
    expect(credentialsIn(`${secret('s')}\n`)).toEqual(shared);
    expect(readCredentials(null, secret('s'))).toEqual(shared);
    expect(readCredentials(null, undefined)).toEqual({ credentials: null });
  });

  it('takes one credential a line, with its name and role', () => {
    const text = `# who may join\n\nada trusted ${secret('a')}\r\n  bob.2\tworker   ${secret('b')}\ntab volunteer ${secret('c')}\neve viewer ${secret('d')}\noz operator ${secret('e')}`;
    expect(credentialsIn(text)).toEqual({
      credentials: [
        { name: 'ada', role: 'trusted', secret: secret('a') },
        { name: 'bob.2', role: 'worker', secret: secret('b') },
        { name: 'tab', role: 'volunteer', secret: secret('c') },
        { name: 'eve', role: 'viewer', secret: secret('d') },
        { name: 'oz', role: 'operator', secret: secret('e') },
      ],
    });
  });

  it.each([
    ['a bare secret among others', `ada worker ${secret('a')}\n${secret('b')}`],
    ['two bare secrets', `${secret('a')}\n${secret('b')}`],
    ['a role that nobody knows', `ada admin ${secret('a')}`],
    ['a short secret', `ada worker ${secret('a').slice(1)}`],
    ['more than three words', `ada worker ${secret('a')} x`],
    ['a name with an escape', `a\u001b[2J worker ${secret('a')}`],
    ['a name of 41 characters', `${'n'.repeat(41)} worker ${secret('a')}`],
    ['a name twice', `ada worker ${secret('a')}\nada worker ${secret('b')}`],
    ['a secret twice', `ada worker ${secret('a')}\nbob worker ${secret('a')}`],
    [
      'too many credentials',
      Array.from({ length: MAX_CREDENTIALS + 1 }, (_, i) => `n${i} worker ${secret('x')}${i}`).join('\n'),
    ],
  ])('refuses %s', (_, text) => {
    const reading = credentialsIn(text);
    expect('problem' in reading && reading.problem.code).toBe('token-shape');
  });
});
