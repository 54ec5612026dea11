/**
 * A coordinator whose port speaks TLS: workers of other machines trust its certificate, its own never meet it, and the bits are
 * those of a plain run.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { hashesOf, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { Hashes } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const RUN = '--preset dcgan --seed 3 --backend wasm --micro-batches 2 --steps 3 --no-samples --json --metrics-port 0';
const TOKEN = 'a token for the test of tls';

let bench: Workbench;
let plain: Hashes;
beforeAll(async () => {
  bench = await Workbench.create();
  const { code, stderr } = await bench.run(`train ${RUN} --workers 1 --out plain`);
  expect(code, stderr).toBe(0);
  plain = await hashesIn('plain');
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

async function hashesIn(out: string): Promise<Hashes> {
  const [folder] = await runsIn(bench.path(out));
  return hashesOf(await readSummary(folder));
}

/** With a cache of its own: a certificate is made and kept there. */
const environment = () => ({ GRADCAST_CACHE: bench.path('cache'), GRADCAST_TOKEN: TOKEN.replaceAll(' ', '-') });

/** The one certificate that was made, as a file by itself. */
async function certificate(): Promise<{ path: string; text: string }> {
  const made = await readdir(bench.path('cache', 'tls'));
  expect(made).toHaveLength(1);
  const text = await readFile(bench.path('cache', 'tls', made[0]), 'utf8');
  const path = bench.path('certificate.pem');
  await writeFile(path, text.slice(text.indexOf('-----BEGIN CERTIFICATE-----')));
  return { path, text };
}

function statusOf(url: string, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { ca }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    }).on('error', reject);
  });
}

describe('a port with TLS', () => {
  it('trains with a worker that trusts its certificate, and asks its own arbiter beside it', async () => {
    // The page needs TLS beyond this machine, so a certificate is made; every result is computed again by the arbiter.
    const flags = '--join --host 0.0.0.0 --port 0 --audit 1 --out tls';
    const run = bench.start(`coordinator ${RUN} ${flags}`, environment());
    const { url, tlsFingerprint } = await run.event('listening');
    expect(url).toMatch(/^wss:\/\/0\.0\.0\.0:\d+$/);
    expect(await run.said(/certificate is of our own making/)).toContain(tlsFingerprint);
    const { path, text } = await certificate();
    const address = url.replace('0.0.0.0', '127.0.0.1');
    expect(await statusOf(`${address.replace('wss', 'https')}/join`, text)).toBe(200);
    const work = `worker --backend wasm --metrics-port 0 --coordinator ${address}`;
    const stranger = bench.start(`${work} --reconnect-seconds 0 --name stranger`, environment());
    await stranger.said(/has a certificate that is not trusted here .* NODE_EXTRA_CA_CERTS/);
    expect((await stranger.ended()).code).toBe(75);
    const worker = bench.start(`${work} --name friend`, { ...environment(), NODE_EXTRA_CA_CERTS: path });
    const { code, stderr } = await run.ended();
    expect(code, stderr).toBe(0);
    expect(await worker.ended()).toMatchObject({ code: 0 });
    expect(await hashesIn('tls')).toEqual(plain);
    const events = await readFile(`${(await runsIn(bench.path('tls')))[0]}/events.jsonl`, 'utf8');
    expect(events).toContain('"type":"audited"');
  });

  it('takes a certificate of the operator, and local workers need to know none', async () => {
    const pem = (await certificate()).text;
    const [key, cert] = [bench.path('own.key'), bench.path('own.pem')];
    const at = pem.indexOf('-----BEGIN CERTIFICATE-----');
    await writeFile(key, pem.slice(0, at));
    await writeFile(cert, pem.slice(at));
    const flags = `--tls-cert ${cert} --tls-key ${key} --port 0 --workers 2 --out files`;
    const run = bench.start(`train ${RUN} ${flags}`);
    const { url, tlsFingerprint } = await run.event('listening');
    expect(url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
    expect(tlsFingerprint).toBeUndefined();
    const { code, stderr } = await run.ended();
    expect(code, stderr).toBe(0);
    expect(await hashesIn('files')).toEqual(plain);
  });
});
