/** A browser tab as the coordinator's port sees it: the requests of the join page, and a connection that says hello. */
import { decodeFromCoordinator, encodeFrame, PROTOCOL_VERSION } from '@gradcast/protocol';
import type { CoordinatorMessage } from '@gradcast/protocol';
import { WebSocket } from 'ws';

/** The page behind a link. */
export class Visitor {
  readonly origin: string;
  readonly code: string;
  readonly #sockets: WebSocket[] = [];

  /** @param link `http://HOST:PORT/join#CODE`. */
  constructor(link: string) {
    const { origin, hash } = new URL(link);
    this.origin = origin;
    this.code = hash.slice(1);
  }

  /** Status, headers and JSON of an answer. */
  async ask(path: string, init: RequestInit = {}) {
    const response = await fetch(this.origin + path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const body = (isJson && text !== '' ? JSON.parse(text) : {}) as Readonly<Record<string, unknown>>;
    return { status: response.status, headers: response.headers, text, body };
  }

  /** Exchanges the code for a ticket. */
  ticket(code = this.code, headers: Readonly<Record<string, string>> = {}) {
    return this.ask('/join/ticket', {
      method: 'POST',
      headers: { origin: this.origin, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ code }),
    });
  }

  async freshTicket(): Promise<string> {
    const { status, body, text } = await this.ticket();
    if (status !== 200) throw new Error(`no ticket: ${text}`);
    return String(body['ticket']);
  }

  /** Opens a socket as a page does. @returns the connection, or the status with which it was refused. */
  open(secret: string): Promise<Tab | number> {
    const token = `gradcast.token.${Buffer.from(secret).toString('base64url')}`;
    const socket = new WebSocket(`${this.origin.replace('http', 'ws')}/join/socket`, ['gradcast', token], {
      origin: this.origin,
    });
    this.#sockets.push(socket);
    const tab = new Tab(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(tab));
      socket.once('unexpected-response', (_, response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      socket.on('error', reject);
    });
  }

  /** Comes in. @throws Error if it is refused. */
  async enter(secret: string): Promise<Tab> {
    const tab = await this.open(secret);
    if (typeof tab === 'number') throw new Error(`the door stayed shut (${tab})`);
    return tab;
  }

  leave(): void {
    for (const socket of this.#sockets.splice(0)) socket.terminate();
  }
}

type Welcome = CoordinatorMessage & { readonly type: 'welcome' };

/** One connection of a tab. */
export class Tab {
  readonly #socket: WebSocket;
  /** Resolves with the code of a refusal, or of the close, once the connection is gone. */
  readonly gone: Promise<string>;
  #welcomed: (welcome: Welcome) => void = () => undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    let refusal: string | undefined;
    this.gone = new Promise((resolve) => socket.on('close', (code) => resolve(refusal ?? String(code))));
    socket.on('message', (data: Buffer) => {
      const { message } = decodeFromCoordinator(Uint8Array.from(data));
      if (message.type === 'refuse') refusal = message.code;
      if (message.type === 'welcome') this.#welcomed(message);
    });
  }

  /** Introduces itself, by the secret of its session if it has one. @returns the secret for the next time. */
  async hello(session: string | null = null): Promise<string> {
    const welcomed = new Promise<Welcome>((resolve) => (this.#welcomed = resolve));
    const hello = {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      backend: 'wasm',
      device: 'CPU',
      profile: { backend: 'wasm' },
      threads: 1,
      name: 'tab',
      metricsPort: null,
      session,
    };
    this.#socket.send(encodeFrame(hello));
    const gone = this.gone.then((code) => Promise.reject(new Error(`gone (${code}) before the welcome`)));
    return (await Promise.race([welcomed, gone])).session;
  }

  hangUp(): void {
    this.#socket.terminate();
  }
}
