/**
 * How others reach a coordinator beyond its plain port: the join page, its address behind a reverse proxy, and TLS.
 *
 * Browsers give a page what it computes with (WebAssembly threads, WebGPU, the clipboard) in a secure context only: over https,
 * or on loopback. So a page for other machines has TLS here, or a proxy that says it does it.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { isLoopback } from '@gradcast/protocol';
import { type Problem, quoted } from './problem.ts';
import type { JoinConfig, TlsConfig } from './run-config.ts';
import { PLACES, type Settings } from './settings.ts';

export interface Joining {
  readonly join: JoinConfig | null;
  /** Addresses, or networks such as `10.0.0.0/8`. */
  readonly trustedProxies: readonly string[];
  readonly tls: TlsConfig | null;
}

/** Reads the options of joining and adds what is wrong with them to `problems`. */
export function joiningOf(settings: Settings, problems: Problem[]): Joining {
  const trustedProxies = proxiesOf(settings, problems);
  const url = pageAddress(settings, problems);
  const isOn = settings.isOn('join');
  if (isOn && settings.text('task') !== null) {
    const both = `${settings.label('join')} lets browser tabs in, which train built-in tasks only`;
    problems.push({ code: 'join-task', sentence: `${both}: leave it out with ${settings.label('task')}` });
  }
  const isMeant = settings.strength('join-url') === PLACES.indexOf('flag');
  if (!isOn && isMeant && settings.areSound('join')) {
    problems.push({ code: 'missing-flag', sentence: `${settings.label('join-url')} says where the page of --join is` });
  }
  const join = isOn ? { hours: settings.number('join-hours')!, url } : null;
  const files = certificateOf(settings, problems);
  const hasProxy = url?.startsWith('https:') === true && trustedProxies.length > 0;
  const wantsOwn = isOn && !isLoopback(settings.text('host')!) && !hasProxy;
  return { join, trustedProxies, tls: files ?? (wantsOwn ? { kind: 'self-signed' } : null) };
}

/** Where the page is, without `/join` and without a slash at its end. */
function pageAddress(settings: Settings, problems: Problem[]): string | null {
  const written = settings.text('join-url');
  if (written === null) return null;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  const isPlain = url && url.username + url.password + url.search + url.hash === '' && /^https?:$/.test(url.protocol);
  if (!isPlain) {
    const sentence = `${settings.label('join-url')} must look like https://HOST/PREFIX, but is ${quoted(written)}`;
    problems.push({ code: 'join-address', sentence });
    return null;
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    const sentence = `${settings.label('join-url')} is ${quoted(written)}, where browsers let no page compute: it needs https`;
    problems.push({ code: 'join-insecure', sentence });
  }
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/join$/, '');
}

function proxiesOf(settings: Settings, problems: Problem[]): string[] {
  const written = settings.text('trusted-proxies') ?? '';
  const proxies = written.split(',').map((address) => address.trim());
  const given = proxies.filter((address) => address !== '');
  const wrong = given.find((address) => !isNetwork(address));
  if (wrong !== undefined) {
    const sentence = `${settings.label('trusted-proxies')} takes addresses or networks such as 10.0.0.0/8 with commas, but has ${quoted(wrong)}`;
    problems.push({ code: 'proxy-address', sentence });
  }
  return given;
}

function isNetwork(text: string): boolean {
  const parts = text.split('/');
  const family = isIP(parts[0]);
  const bits = parts.at(1);
  if (family === 0 || parts.length > 2) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** The certificate and key that are named, after a look whether they can be used. */
function certificateOf(settings: Settings, problems: Problem[]): TlsConfig | null {
  const [cert, key] = [settings.text('tls-cert'), settings.text('tls-key')];
  if (cert === null && key === null) return null;
  const refuse = (sentence: string) => void problems.push({ code: 'tls-files', sentence });
  if (cert === null || key === null) {
    if (settings.areSound('tls-cert', 'tls-key')) refuse('TLS needs both: --tls-cert FILE and --tls-key FILE');
    return null;
  }
  const texts = [settings.label('tls-cert'), settings.label('tls-key')].map((label, i) => {
    const file = [cert, key][i];
    try {
      return readFileSync(file);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      return refuse(`${label} names ${quoted(file)}, which cannot be read (${code})`);
    }
  });
  const [certBytes, keyBytes] = texts;
  if (certBytes && keyBytes) {
    const fault = certificateFault(certBytes, keyBytes);
    if (fault !== undefined) refuse(`${quoted(cert)} and ${quoted(key)} cannot be used for TLS: ${fault}`);
  }
  return { kind: 'files', cert: resolve(cert), key: resolve(key) };
}

/** What is wrong with a certificate and its key, both PEM; never repeats what is in them. */
function certificateFault(cert: Buffer, key: Buffer): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    return 'the first is no certificate in PEM';
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return 'the second is not the key of the first';
  } catch {
    return 'the second is no private key in PEM, or has a passphrase';
  }
  if (Date.parse(certificate.validTo) <= Date.now()) return `the certificate has expired (${certificate.validTo})`;
  return undefined;
}
