import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { trafficOf } from './traffic.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A connection whose other end reads only when it is asked to. */
async function connection(): Promise<{ sender: Socket; receiver: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sender = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [receiver] = (await once(server, 'connection')) as [Socket];
  closing.push(() => {
    sender.destroy();
    receiver.destroy();
    server.close();
  });
  return { sender, receiver };
}

describe('the traffic of a socket', () => {
  const bytes = 64_000_000;

  it('shows how far one long message has got, which neither bytesWritten nor writableLength do', async () => {
    const { sender, receiver } = await connection();
    const { bytesTaken } = trafficOf(sender);
    sender.write(Buffer.alloc(bytes));
    const seen = new Set<number>();
    let received = 0;
    receiver.on('data', (piece) => {
      received += piece.length;
      const taken = bytesTaken!();
      seen.add(taken);
      expect(taken).toBeLessThanOrEqual(bytes);
      if (taken < bytes) expect([sender.bytesWritten, sender.writableLength]).toEqual([bytes, bytes]);
      if (received === bytes) receiver.emit('whole');
    });
    receiver.resume();
    await once(receiver, 'whole');
    expect(bytesTaken!()).toBe(bytes);
    expect(seen.size).toBeGreaterThan(5);
    expect(trafficOf(receiver).bytesRead()).toBe(bytes);
  });

  it('stands still while nothing is read, and once the socket is closed', async () => {
    const { sender } = await connection();
    const { bytesTaken } = trafficOf(sender);
    sender.write(Buffer.alloc(bytes));
    const before = bytesTaken!();
    expect(before).toBeLessThan(bytes);
    sender.destroy();
    await once(sender, 'close');
    expect(bytesTaken!()).toBeGreaterThanOrEqual(before);
    expect(bytesTaken!()).toBeLessThanOrEqual(bytes);
  });
});
