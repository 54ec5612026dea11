/**
 * The certificate with which the coordinator's port speaks TLS: files of the operator's, or one of our own making for the
 * names and addresses of this machine, kept in the cache folder so that a browser which was told to trust it once goes on.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { TlsConfig } from '@gradcast/config';
import { cacheFolder, writeAtomically } from '@gradcast/files';
import { CoordinatorError } from '../failure.ts';

export interface Certificate {
  /** PEM, with those in between behind it. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** SHA-256 as browsers show it: 32 pairs of hex digits with colons. */
  readonly fingerprint: string;
  /** Whether it was made here, so that browsers have to be told to trust it. */
  readonly isOwn: boolean;
}

export interface CertificateOptions {
  /** Address that the port is bound to. */
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly now?: number;
  readonly folder?: string;
  /** Names and addresses of this machine. */
  readonly names?: readonly string[];
}

const DAY_MS = 86_400_000;
/** Browsers take no certificate that is good for much longer than a year. */
const GOOD_MS = 365 * DAY_MS;
/** One that is about to expire is made anew. */
const SPARE_MS = 30 * DAY_MS;

/** @throws CoordinatorError `tls-files`. */
export async function certificateOf(tls: TlsConfig, options: CertificateOptions): Promise<Certificate> {
  switch (tls.kind) {
    case 'files':
      try {
        const [cert, key] = await Promise.all([readFile(tls.cert, 'utf8'), readFile(tls.key, 'utf8')]);
        return { cert, key, fingerprint: new X509Certificate(cert).fingerprint256, isOwn: false };
      } catch (error) {
        throw new CoordinatorError('tls-files', `${tls.cert} and ${tls.key} cannot be used for TLS`, { cause: error });
      }
    case 'self-signed':
      return ownCertificate(options);
    default:
      return tls satisfies never;
  }
}

async function ownCertificate({
  host,
  now = Date.now(),
  folder = join(cacheFolder(), 'tls'),
  names = machineNames(),
}: CertificateOptions): Promise<Certificate> {
  const bound = isIP(host) !== 0 && /^[0:.]+$/.test(host) ? [] : [host.toLowerCase()];
  const all = [...new Set([...names, ...bound])].sort();
  const digest = createHash('sha256').update(all.join('\n')).digest('hex').slice(0, 16);
  const path = join(folder, `${digest}.pem`);
  const kept = read(await readFile(path, 'utf8').catch(() => ''), now);
  if (kept) return kept;
  const pem = await make(all, now);
  // Without a folder to keep it in, each start has another.
  await keep(folder, path, pem).catch(() => undefined);
  return read(pem, now)!;
}

/** A certificate and its key out of one text, if they are whole and good for a while. */
function read(pem: string, now: number): Certificate | undefined {
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(pem)?.[0];
  const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(pem)?.[0];
  if (key === undefined || cert === undefined) return undefined;
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    if (Date.parse(certificate.validTo) < now + SPARE_MS) return undefined;
    return { cert, key, fingerprint: certificate.fingerprint256, isOwn: true };
  } catch {
    return undefined;
  }
}

async function make(names: readonly string[], now: number): Promise<string> {
  // What makes certificates is large, and most runs need none.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'gradcast' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // Clocks of devices differ.
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now - DAY_MS + GOOD_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  return `${made.private.trim()}\n${made.cert.trim()}\n`;
}

async function keep(folder: string, path: string, pem: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeAtomically(path, [new TextEncoder().encode(pem)], 0o600);
}

/** Names and addresses under which this machine may be reached; those of IPv6 change from day to day, and are left out. */
function machineNames(): string[] {
  const name = hostname().toLowerCase();
  return ['localhost', ...(/^[a-z0-9.-]+$/.test(name) ? [name] : []), '127.0.0.1', '::1', ...outwardAddresses()];
}

/** Addresses under which other machines may reach this one, the likeliest first. */
export function outwardAddresses(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
}
