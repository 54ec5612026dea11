import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFrame, encodeFrame } from '@gradcast/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { COORDINATOR } from './fault.ts';
import type { Fault, PlannedFault } from './fault.ts';
import { FaultProxy } from './fault-proxy.ts';

/** One end of a connection: what came, in words, and a wait for more. */
class End {
  readonly heard: string[] = [];
  readonly socket: WebSocket;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => this.#add(wordsOf(data)));
    socket.on('close', (code) => this.#add(`closed ${code}`));
    socket.on('error', () => undefined);
  }

  /** Resolves when so many things were heard. */
  async hears(count: number): Promise<string[]> {
    while (this.heard.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.heard;
  }

  says(message: object, floats: readonly number[] = []): void {
    this.socket.send(encodeFrame(message, [Float32Array.from(floats)]));
  }

  #add(words: string): void {
    this.heard.push(words);
    this.#wake();
  }
}

function wordsOf(data: Buffer): string {
  try {
    const { header, payload } = decodeFrame(data);
    return `${(header as { type: string }).type} ${payload.byteLength / 4}`;
  } catch {
    return 'nonsense';
  }
}

let coordinator: WebSocketServer;
let proxy: FaultProxy;
beforeEach(async () => {
  coordinator = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(coordinator, 'listening');
});
afterEach(async () => {
  await proxy.close();
  for (const socket of coordinator.clients) socket.terminate();
  await new Promise((resolve) => coordinator.close(resolve));
});

function addressOf(server: WebSocketServer): string {
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A worker `w` that was welcomed, and the coordinator's end of its connection. */
async function connected(headers: Record<string, string> = {}): Promise<{ worker: End; far: End; token: unknown }> {
  const arrived = once(coordinator, 'connection') as Promise<[WebSocket, { headers: Record<string, string> }]>;
  const worker = new End(new WebSocket(proxy.url, { headers }));
  const [socket, request] = await arrived;
  const far = new End(socket);
  far.says({ type: 'welcome', worker: 'w' });
  await worker.hears(1);
  return { worker, far, token: request.headers['authorization'] };
}

const lease = { type: 'lease', version: 4, first: 2, count: 2 };
const result = { type: 'result', version: 4, subtree: { start: 2, size: 2 }, fingerprint: '0a' };
const average = { type: 'average', version: 4 };

function at(phase: PlannedFault['phase'], fault: Fault, step = 5): PlannedFault {
  return { party: 'w', step, phase, fault };
}

async function withFault(...faults: PlannedFault[]): Promise<{ worker: End; far: End }> {
  proxy = await FaultProxy.start({ faults });
  proxy.target = addressOf(coordinator);
  return connected();
}

describe('a proxy without faults', () => {
  it('passes frames, token and close on, and remembers what went by', async () => {
    proxy = await FaultProxy.start();
    proxy.target = addressOf(coordinator);
    const { worker, far, token } = await connected({ authorization: 'Bearer secret' });
    expect(token).toBe('Bearer secret');
    far.says(lease, [1, 2]);
    worker.says({ type: 'pong', id: 1 });
    worker.says(result, [1, 2, 3]);
    far.says(average, [1]);
    expect(await worker.hears(3)).toEqual(['welcome 0', 'lease 2', 'average 1']);
    expect(await far.hears(2)).toEqual(['pong 0', 'result 3']);
    worker.socket.close(1001, 'bye');
    expect(await far.hears(3)).toContain('closed 1001');
    expect(proxy.moments.all).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'joined', worker: 'w' }),
        expect.objectContaining({ kind: 'leased', worker: 'w', step: 5, first: 2, count: 2 }),
        expect.objectContaining({ kind: 'result', worker: 'w', step: 5, first: 2, count: 2 }),
        expect.objectContaining({ kind: 'average', worker: 'w', step: 5 }),
        expect.objectContaining({ kind: 'gone', worker: 'w' }),
      ]),
    );
  });

  it('passes on what a page of the coordinator asks for, and as whom it connects', async () => {
    proxy = await FaultProxy.start();
    const page = proxy.url.replace('ws', 'http');
    expect((await fetch(`${page}/join`)).status).toBe(426);
    const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    proxy.target = `ws://127.0.0.1:${port}`;
    const answer = await fetch(`${page}/join/ticket`, { method: 'POST' });
    expect(await answer.text()).toBe('POST /join/ticket');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect((await fetch(`${page}/join`)).status).toBe(502);
    proxy.target = addressOf(coordinator);
    const arrived = once(coordinator, 'connection') as Promise<[WebSocket, IncomingMessage]>;
    const tab = new WebSocket(`${proxy.url}/join/socket`, ['gradcast', 'secret'], { origin: page });
    const [, { url, headers }] = await arrived;
    expect([url, headers.origin, headers['sec-websocket-protocol']]).toEqual(['/join/socket', page, 'gradcast,secret']);
    await once(tab, 'open');
    expect(tab.protocol).toBe('gradcast');
    tab.terminate();
  });

  it('delivers what was said before a close', async () => {
    const { worker, far } = await withFault();
    const many = Array.from({ length: 300_000 }, (_, index) => index);
    for (let turn = 0; turn < 8; turn++) worker.says(result, many);
    worker.socket.close(1000);
    expect((await far.hears(9)).slice(-2)).toEqual(['result 300000', 'closed 1000']);
  });

  it('stops reading from who sends faster than the other side takes', async () => {
    const { worker, far } = await withFault();
    worker.socket.pause();
    const many = new Array<number>(2_000_000).fill(1);
    for (let turn = 0; turn < 6; turn++) far.says(average, many);
    worker.says({ type: 'pong', id: 1 });
    await far.hears(1);
    // 48 MB were sent; what neither the proxy nor the system took is still here.
    expect(far.socket.bufferedAmount).toBeGreaterThan(8_000_000);
    worker.socket.resume();
    expect(await worker.hears(7)).toEqual(['welcome 0', ...new Array<string>(6).fill('average 2000000')]);
  });

  it('keeps workers at the door until there is a coordinator, and closes it on them when it is gone', async () => {
    proxy = await FaultProxy.start();
    const early = new End(new WebSocket(proxy.url));
    proxy.target = addressOf(coordinator);
    await once(coordinator, 'connection');
    for (const socket of coordinator.clients) socket.terminate();
    expect(await early.hears(1)).toEqual(['closed 1006']);
    await new Promise((resolve) => coordinator.close(resolve));
    const late = new End(new WebSocket(proxy.url));
    expect(await late.hears(1)).toEqual(['closed 1006']);
    coordinator = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  });
});

describe('a proxy with a fault', () => {
  it('spoils one result of the step or after it, and only that', async () => {
    const fault = at('result', { kind: 'wrong-shape', floats: 2 }, 4);
    const { worker, far } = await withFault(fault);
    worker.says({ ...result, version: 2 }, [1, 2, 3]);
    worker.says(result, [1, 2, 3]);
    worker.says(result, [1, 2, 3]);
    expect(await far.hears(3)).toEqual(['result 3', 'result 1', 'result 3']);
    expect(await proxy.fired(fault, 0.01)).toMatchObject({ kind: 'fault', fault });
  });

  it('spoils one result after the other when two faults wait', async () => {
    const { worker, far } = await withFault(
      at('result', { kind: 'corrupt-frame', where: 'length' }),
      at('result', { kind: 'duplicate-result' }),
    );
    worker.says(result, [1]);
    worker.says(result, [1, 2]);
    expect(await far.hears(3)).toEqual(['nonsense', 'result 2', 'result 2']);
  });

  it('lets others overtake a late result', async () => {
    const { worker, far } = await withFault(at('result', { kind: 'late-result', ms: 50 }));
    worker.says(result, [1]);
    worker.says({ type: 'pong', id: 1 });
    expect(await far.hears(2)).toEqual(['pong 0', 'result 1']);
  });

  it('drops the connection', async () => {
    const { worker, far } = await withFault(at('leased', { kind: 'drop' }));
    far.says(lease, [1]);
    expect(await worker.hears(2)).toEqual(['welcome 0', 'closed 1006']);
    expect(await far.hears(1)).toEqual(['closed 1006']);
  });

  it('leaves it half open', async () => {
    const { worker, far } = await withFault(at('leased', { kind: 'half-open' }));
    far.says(lease, [1]);
    await proxy.moments.until('the fault', ({ kind }) => kind === 'fault');
    worker.says(result, [1]);
    worker.socket.close();
    worker.socket.terminate();
    await proxy.moments.until('the end', ({ kind }) => kind === 'gone');
    expect([worker.heard.slice(0, 1), far.heard, far.socket.readyState]).toEqual([['welcome 0'], [], WebSocket.OPEN]);
  });

  it('slows it down for a while', async () => {
    const { worker, far } = await withFault(at('leased', { kind: 'slow', bytesPerSecond: 400_000, ms: 150 }));
    const before = performance.now();
    far.says(lease, new Array<number>(30_000).fill(1));
    far.says(average, [1]);
    expect(await worker.hears(3)).toEqual(['welcome 0', 'lease 30000', 'average 1']);
    // 60 kB of the 120 kB went at 400 kB/s.
    expect(performance.now() - before).toBeGreaterThan(100);
  });

  it('disturbs a connection at once when asked to', async () => {
    const { worker } = await withFault();
    expect([proxy.disturb('nobody', { kind: 'drop' }), proxy.disturb('w', { kind: 'drop' })]).toEqual([false, true]);
    expect(await worker.hears(2)).toEqual(['welcome 0', 'closed 1006']);
  });

  it('says in vain for what it waited', async () => {
    await withFault();
    const never = at('result', { kind: 'nan' });
    await expect(proxy.fired(never, 0.01)).rejects.toThrow(/waited 0.01 s in vain for the fault .*nan.*joined/);
  });
});

describe('a proxy that knows processes', () => {
  it('kills the coordinator when a result has gone by, or a checkpoint is begun', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fault-proxy-'));
    const victims = [0, 1].map(() => spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' }));
    const ends = victims.map((victim) => once(victim, 'exit'));
    try {
      const pids = victims.map(({ pid }) => pid!);
      proxy = await FaultProxy.start({ pidOf: () => pids.shift()! });
      proxy.target = addressOf(coordinator);
      proxy.inject({ party: COORDINATOR, step: 5, phase: 'result', fault: { kind: 'kill' } });
      proxy.inject({ party: COORDINATOR, step: 9, phase: 'checkpoint', fault: { kind: 'kill' } });
      const { worker } = await connected();
      worker.says(result, [1]);
      expect(await ends[0]).toEqual([null, 'SIGKILL']);
      proxy.watchCheckpoints(folder);
      await writeFile(join(folder, '.tmp-1-step-000008.safetensors'), '');
      await writeFile(join(folder, 'step-000009.safetensors'), '');
      await proxy.moments.until('step 8', (moment) => moment.kind === 'checkpoint' && moment.step === 8);
      expect(victims[1].exitCode).toBe(null);
      await writeFile(join(folder, '.tmp-1-step-000012.safetensors'), '');
      expect(await ends[1]).toEqual([null, 'SIGKILL']);
    } finally {
      for (const victim of victims) victim.kill('SIGKILL');
      await rm(folder, { recursive: true });
    }
  });
});
