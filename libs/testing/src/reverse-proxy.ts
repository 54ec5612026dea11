/**
 * A reverse proxy as people put it before a coordinator: a path prefix, headers that say who is behind it, WebSockets.
 *
 *     browser -- http://127.0.0.1:PORT/PREFIX/... -- coordinator
 */
import { createServer, request as ask } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { forward } from './forward.ts';

export interface ReverseProxyOptions {
  /** Such as `/gradcast`; whatever is asked for outside it is a 404. */
  readonly prefix?: string;
  /** Whether the target sees the prefix. */
  readonly keepsPrefix?: boolean;
  /** Whom the target is told about in place of the asker's own address. */
  readonly client?: string;
  /** Names of request headers that do not get through, as at a proxy that knows little of browsers. */
  readonly drops?: (name: string) => boolean;
}

export class ReverseProxy {
  readonly #server: Server;
  readonly #options: ReverseProxyOptions;
  readonly #streams = new Set<Duplex>();
  #target: URL | undefined;
  /** Paths that were asked for, as the target saw them. */
  readonly paths: string[] = [];

  private constructor(server: Server, options: ReverseProxyOptions) {
    this.#server = server;
    this.#options = options;
    server.on('request', (request: IncomingMessage, response) => {
      const target = this.#onward(request);
      if (target) forward({ request, response }, target, this.#headersOf(request));
      else response.writeHead(404).end();
    });
    server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) =>
      this.#upgrade(request, stream, head),
    );
    server.on('connection', (stream) => this.#keep(stream));
  }

  /** Starts on a free port of the loopback address. */
  static async start(options: ReverseProxyOptions = {}): Promise<ReverseProxy> {
    const server = createServer();
    const proxy = new ReverseProxy(server, options);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Where browsers find what is behind it, prefix included. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#options.prefix ?? ''}`;
  }

  /** The server behind it, `ws://` or `http://`. */
  set target(url: string) {
    this.#target = new URL(url.replace(/^ws/, 'http'));
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      for (const stream of this.#streams) stream.destroy();
    });
  }

  #onward({ url = '/' }: IncomingMessage): URL | undefined {
    const { prefix = '', keepsPrefix = false } = this.#options;
    if (!this.#target || !url.startsWith(`${prefix}/`)) return undefined;
    const path = keepsPrefix ? url : url.slice(prefix.length);
    this.paths.push(path);
    return new URL(path, this.#target);
  }

  #headersOf({ headers, socket }: IncomingMessage): OutgoingHttpHeaders {
    const { client, drops = () => false } = this.#options;
    const kept = Object.entries(headers).filter(([name]) => !drops(name));
    const hops = [headers['x-forwarded-for'] ?? [], client ?? socket.remoteAddress].flat();
    return { ...Object.fromEntries(kept), 'x-forwarded-for': hops.join(', '), 'x-forwarded-proto': 'http' };
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy());
    const target = this.#onward(request);
    if (!target) return void stream.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    const onward = ask(target, { headers: this.#headersOf(request) });
    onward.on('error', () => stream.destroy());
    onward.on('response', (answer) => {
      stream.write(headOf(answer));
      answer.pipe(stream);
    });
    onward.on('upgrade', (answer, far: Duplex, first: Buffer) => {
      this.#keep(far);
      far.on('error', () => stream.destroy());
      far.on('close', () => stream.destroy());
      stream.on('close', () => far.destroy());
      stream.write(headOf(answer));
      stream.write(first);
      far.write(head);
      far.pipe(stream).pipe(far);
    });
    onward.end();
  }

  #keep(stream: Duplex): void {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
  }
}

/** The head of an answer as bytes. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []));
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n');
}
