/** Attacks on the ports themselves, below the protocol: no token needed. */
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expectAll } from './target.ts';
import type { Attack, Target } from './target.ts';

/** More than the port takes at once. */
const CROWD = 2050;
const UPGRADE = (host: string) =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

/** A socket that never ends its own half. @returns once it is connected and has said its words, or was turned away. */
function knock(target: Target, words: string): Promise<Socket> {
  const { hostname, port } = new URL(target.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  target.closeLater(() => socket.destroy());
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    // One that is turned away without a word only ends: its own half stays open.
    for (const event of ['close', 'end']) socket.once(event, () => resolve(socket));
    socket.once('connect', () => {
      if (words === '') return resolve(socket);
      socket.write(words);
      // Its answer is left unread but for the first bytes, which say that it was heard.
      socket.once('data', () => resolve(socket));
      if (!words.endsWith('\r\n\r\n')) resolve(socket);
    });
  });
}

/** Many at once, in portions that the backlog of a port takes. */
async function crowd(target: Target, count: number, words: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const portion = Array.from({ length: Math.min(100, count - sockets.length) }, () => knock(target, words));
    sockets.push(...(await Promise.all(portion)));
  }
  return sockets;
}

const left = (sockets: readonly Socket[]) =>
  `${sockets.length} sockets, ${sockets.filter(({ destroyed, readable }) => !destroyed && readable).length} still open`;

export const doors: readonly Attack[] = [
  {
    name: '2,050 refused upgrades, left half closed',
    isFirst: true,
    play: async (target) => left(await crowd(target, CROWD, UPGRADE(new URL(target.url).host))),
  },
  {
    name: '2,050 idle sockets',
    isFirst: true,
    play: async (target) => left(await crowd(target, CROWD, '')),
  },
  {
    name: 'slow headers on 200 sockets',
    isFirst: true,
    play: async (target) => {
      const sockets = await crowd(target, 200, 'GET / HTTP/1.1\r\nHost: a');
      const timer = setInterval(() => {
        for (const socket of sockets) if (socket.writable) socket.write('a');
      }, 500);
      target.closeLater(() => clearInterval(timer));
      return left(sockets);
    },
  },
  {
    name: 'a wrong Host at the metrics port',
    play: async (target) => {
      const { origin } = new URL(target.metricsUrl);
      const paths = ['/metrics', '/targets', '/healthz', '/readyz'];
      const answers = await Promise.all(paths.map((path) => statusOf(`${origin}${path}`, 'rebound.example')));
      return expectAll(answers.map(String), '403');
    },
  },
];

function statusOf(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    asked.once('error', reject).end();
  });
}
