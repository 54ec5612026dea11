import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from './problem.ts';
import { resolveCoordinator, resolveTrain } from './resolve.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradcast-joining-'));
afterAll(() => rmSync(folder, { recursive: true }));

const machine = (environment: Record<string, string> = {}) => ({ environment, cores: 2, hostname: 'h' });
const config = (...args: string[]) => resolveTrain(args, machine()).coordinator;

function codes(args: readonly string[], resolve: typeof resolveTrain | typeof resolveCoordinator = resolveTrain) {
  try {
    resolve(args, machine());
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ code }) => code);
    throw error;
  }
  return [];
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function pair(name: string, notAfterDate?: Date) {
  const notBeforeDate = notAfterDate && new Date(notAfterDate.getTime() - 1000);
  const made = await generate([], { keyType: 'ec', algorithm: 'sha256', notBeforeDate, notAfterDate });
  return { cert: file(`${name}.pem`, made.cert), key: file(`${name}.key`, made.private) };
}

describe('joining by a link', () => {
  it('is off unless asked for, and has limits', () => {
    expect(config()).toMatchObject({ join: null, tls: null, trustedProxies: [] });
    expect(config('--join')).toMatchObject({
      join: { hours: 24, url: null },
      tls: null,
      maxVolunteers: 64,
      volunteerShare: 0.5,
      auditVolunteers: 0.1,
    });
    expect(config('--join', '--join-hours', '0.5').join).toEqual({ hours: 0.5, url: null });
    for (const hours of ['0', '0.09', '8761'])
      expect(codes(['--join', '--join-hours', hours])).toEqual(['out-of-range']);
  });

  it('needs no token beyond this machine where the command has workers of its own, but TLS', () => {
    const { coordinator, credentials } = resolveTrain(['--join', '--host', '0.0.0.0'], machine());
    expect([coordinator.tls, credentials]).toEqual([{ kind: 'self-signed' }, null]);
    expect(codes(['--host', '0.0.0.0'])).toEqual(['token-required']);
    expect(codes(['--join', '--host', '0.0.0.0'], resolveCoordinator)).toEqual(['token-required']);
  });

  it('is for built-in tasks', () => {
    expect(codes(['--join', '--task', 'own.ts'])).toEqual(['join-task']);
  });

  it.each([
    ['https://train.example.org/gradcast', 'https://train.example.org/gradcast'],
    ['https://train.example.org/gradcast/', 'https://train.example.org/gradcast'],
    ['https://train.example.org/gradcast/join', 'https://train.example.org/gradcast'],
    ['https://train.example.org', 'https://train.example.org'],
    ['https://TRAIN.example.org:8443/', 'https://train.example.org:8443'],
    ['http://localhost:8080', 'http://localhost:8080'],
  ])('behind a proxy takes the address %s', (url, known) => {
    expect(config('--join', '--join-url', url).join?.url).toBe(known);
  });

  it.each([
    ['train.example.org', 'join-address'],
    ['ftp://train.example.org', 'join-address'],
    ['https://user:secret@train.example.org', 'join-address'],
    ['https://train.example.org/?a=b', 'join-address'],
    ['https://train.example.org/#x', 'join-address'],
    ['http://train.example.org', 'join-insecure'],
  ])('behind a proxy refuses the address %s as %s', (url, code) => {
    expect(codes(['--join', '--join-url', url])).toEqual([code]);
  });

  it('is asked for where its address is', () => {
    expect(codes(['--join-url', 'https://train.example.org'])).toEqual(['missing-flag']);
    // A file may have it for other times.
    const path = file('run.yaml', 'join-url: https://train.example.org\n');
    expect(config('--config', path).join).toBeNull();
  });

  it('leaves TLS to a proxy that is named', () => {
    const args = ['--join', '--host', '0.0.0.0', '--join-url', 'https://train.example.org'];
    expect(config(...args).tls).toEqual({ kind: 'self-signed' });
    expect(config(...args, '--trusted-proxies', '10.0.0.1').tls).toBeNull();
  });
});

describe('trusted proxies', () => {
  it('are addresses and networks', () => {
    const { trustedProxies } = config('--trusted-proxies', '10.0.0.1, 192.168.0.0/16,::1,fd00::/8,');
    expect(trustedProxies).toEqual(['10.0.0.1', '192.168.0.0/16', '::1', 'fd00::/8']);
  });

  it.each(['proxy', '10.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.1;10.0.0.2'])(
    'are not %s',
    (proxies) => expect(codes(['--trusted-proxies', proxies])).toEqual(['proxy-address']),
  );
});

describe('TLS', () => {
  it('takes a certificate and its key', async () => {
    const { cert, key } = await pair('good');
    expect(config('--tls-cert', cert, '--tls-key', key).tls).toEqual({ kind: 'files', cert, key });
    expect(config('--join', '--host', '0.0.0.0', '--tls-cert', cert, '--tls-key', key).tls?.kind).toBe('files');
  });

  it('refuses what cannot be used, and never says what is in it', async () => {
    const good = await pair('a');
    const other = await pair('b');
    const old = await pair('old', new Date(Date.UTC(2020, 0, 1)));
    const sentences = (cert: string, key: string): string => {
      try {
        config('--tls-cert', cert, '--tls-key', key);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.problems.map(({ code }) => code)).toEqual(['tls-files']);
        return error.message;
      }
      return 'taken';
    };
    expect(sentences(good.cert, other.key)).toContain('not the key of the first');
    expect(sentences(good.key, good.key)).toContain('no certificate in PEM');
    expect(sentences(good.cert, file('empty', ''))).toContain('no private key in PEM');
    expect(sentences(old.cert, old.key)).toContain('has expired');
    expect(sentences(join(folder, 'none'), good.key)).toContain('ENOENT');
    expect(sentences(good.cert, file('words', 'hidden words'))).not.toContain('hidden');
    expect(codes(['--tls-cert', good.cert])).toEqual(['tls-files']);
    expect(codes(['--tls-key', good.key])).toEqual(['tls-files']);
  });
});
