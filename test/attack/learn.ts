/** What an attacker knows who owns a machine of the honest workers' kind: their profile and the probe of the run. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { EXAMPLE } from '@gradcast/definition/example';
import type { RunDefinition } from '@gradcast/definition';
import type { GradcastProcess } from '@gradcast/testing';
import { decodeFromWorker, encodeFrame } from '@gradcast/protocol';
import { WebSocketServer } from 'ws';
import type { HonestProfile } from './target.ts';

/** What the probe depends on of the run that is attacked. */
type Terms = Pick<RunDefinition, 'preset' | 'seed' | 'microBatchSize' | 'microBatches'>;

/** Lets an honest worker join nobody's run. @param start starts it at an address. */
export async function learn(terms: Terms, start: (url: string) => GradcastProcess): Promise<HonestProfile> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await once(server, 'listening');
  const learned = new Promise<HonestProfile>((resolve) => {
    let facts: Record<string, string> = {};
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        const { message } = decodeFromWorker(Uint8Array.from(data));
        if (message.type === 'ready') return resolve({ facts, probe: message.probe });
        if (message.type !== 'hello') return;
        facts = message.profile;
        const session = '0'.repeat(32);
        const names = { run: 'nobody', worker: message.name, session, silenceSeconds: 30 };
        socket.send(encodeFrame({ type: 'welcome', incarnation: 1, ...names, ...EXAMPLE, ...terms }));
      });
    });
  });
  const worker = start(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const profile = await Promise.race([
    learned,
    worker.ended().then(({ stderr }) => Promise.reject(new Error(`the worker ended: ${stderr}`))),
  ]);
  worker.signal('SIGKILL');
  for (const client of server.clients) client.terminate();
  server.close();
  return profile;
}
