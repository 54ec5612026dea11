/** Clients of the bare exchange: each answers every message at once with one buffer of its own. */
import { WebSocket } from 'ws';
import { connect } from '../../apps/worker/src/connect.ts';
import { serveParent, tellFailure } from '../harness/child.ts';

export interface Asked {
  readonly type: 'join';
  readonly url: string;
  readonly clients: number;
  readonly bytesUp: number;
  /** The very socket of a worker, with its masks, limits and options, or one of `ws` as it comes. */
  readonly through: 'worker' | 'ws';
}

export interface Told {
  readonly type: 'joining';
}

serveParent<Asked, Told>({
  join: ({ url, clients, bytesUp, through }) => {
    for (let client = 0; client < clients; client++) {
      const answer = new Uint8Array(bytesUp).fill(1);
      if (through === 'worker') joinAsWorker(url, answer);
      else joinBare(url, answer);
    }
    return { type: 'joining' };
  },
});

function joinAsWorker(url: string, answer: Uint8Array): void {
  const connection = connect(
    { url, token: null },
    {
      opened: () => undefined,
      message: () => connection.send(answer),
      closed: ({ sentence }) => tellFailure(new Error(sentence)),
    },
  );
}

function joinBare(url: string, answer: Uint8Array): void {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('message', () => socket.send(answer, { binary: true }));
  socket.on('error', tellFailure);
}
