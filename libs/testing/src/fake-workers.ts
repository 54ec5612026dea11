/** Workers that a coordinator must turn away. */
import { decodeFrame, encodeFrame, PROTOCOL_VERSION } from '@gradcast/protocol';
import { WebSocket } from 'ws';

/** How long a coordinator may take to answer. */
const PATIENCE_MS = 10_000;

/**
 * Says hello as a worker of the next protocol version would.
 *
 * @param url `ws://host:port`.
 * @returns the header of the coordinator's answer.
 * @throws Error if none comes within 10 s.
 */
export function laterWorker(url: string): Promise<unknown> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise<unknown>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${url} did not answer a hello`)), PATIENCE_MS);
    socket.on('open', () => {
      socket.send(encodeFrame({ type: 'hello', protocol: PROTOCOL_VERSION + 1, name: 'later', words: 'unknown here' }));
    });
    socket.on('message', (data: Buffer) => resolve(decodeFrame(data).header));
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error(`${url} closed the connection without an answer`));
    });
  }).finally(() => socket.terminate());
}
