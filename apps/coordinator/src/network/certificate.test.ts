import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificateOf, outwardAddresses } from './certificate.ts';

const DAY_MS = 86_400_000;
const NAMES = ['localhost', '127.0.0.1', 'trainer', '192.168.1.5'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const own = (now?: number, names = NAMES, host = '0.0.0.0') =>
  certificateOf({ kind: 'self-signed' }, { host, folder, names, now });

describe('a certificate of our own', () => {
  it('is for the names and addresses of this machine, and for about a year', async () => {
    const { cert, key, fingerprint, isOwn } = await own();
    const certificate = new X509Certificate(cert);
    expect(isOwn).toBe(true);
    expect(fingerprint).toBe(certificate.fingerprint256);
    expect(fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(key).toContain('PRIVATE KEY');
    for (const host of ['localhost', 'trainer']) expect(certificate.checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '192.168.1.5']) expect(certificate.checkIP(ip)).toBe(ip);
    expect(certificate.checkIP('192.168.1.6')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    const days = (Date.parse(certificate.validTo) - Date.now()) / DAY_MS;
    expect(days).toBeGreaterThan(360);
    expect(days).toBeLessThan(366);
  });

  it('has the address that the port is bound to as well', async () => {
    const { cert } = await own(undefined, NAMES, '10.9.8.7');
    expect(new X509Certificate(cert).checkIP('10.9.8.7')).toBe('10.9.8.7');
  });

  it('is kept for this user alone, as long as it is good and the names are the same', async () => {
    const first = await own();
    const [name] = await readdir(folder);
    if (process.platform !== 'win32') expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    expect(await own(undefined, [...NAMES].reverse())).toEqual(first);
    expect((await own(Date.now() + 340 * DAY_MS)).fingerprint).not.toBe(first.fingerprint);
    expect((await own(undefined, [...NAMES, '10.0.0.1'])).fingerprint).not.toBe(first.fingerprint);
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('is made anew where what is kept is damaged', async () => {
    const first = await own();
    const path = join(folder, (await readdir(folder))[0]);
    const text = await readFile(path, 'utf8');
    const other = await own(undefined, ['localhost']);
    for (const damaged of ['', text.slice(0, -40), text.replace(first.key, other.key)]) {
      await writeFile(path, damaged);
      const fresh = await own();
      expect(fresh.fingerprint).not.toBe(first.fingerprint);
      expect(await own()).toEqual(fresh);
    }
  });

  it('is there where none can be kept', async () => {
    await writeFile(join(folder, 'file'), '');
    const options = { host: '0.0.0.0', folder: join(folder, 'file', 'tls'), names: NAMES };
    expect((await certificateOf({ kind: 'self-signed' }, options)).isOwn).toBe(true);
  });
});

describe('a certificate of the operator', () => {
  it('is read with its key', async () => {
    const { cert, key, fingerprint } = await own();
    const [certPath, keyPath] = [join(folder, 'cert'), join(folder, 'key')];
    await writeFile(certPath, cert);
    await writeFile(keyPath, key);
    const files = { kind: 'files', cert: certPath, key: keyPath } as const;
    expect(await certificateOf(files, { host: 'h' })).toEqual({ cert, key, fingerprint, isOwn: false });
    await rm(keyPath);
    await expect(certificateOf(files, { host: 'h' })).rejects.toMatchObject({ code: 'tls-files' });
  });
});

it('addresses for others are none of this machine alone', () => {
  expect(outwardAddresses().filter((address) => address.startsWith('127.'))).toEqual([]);
});
