/** One worker's connection through a proxy: two sockets, a lane in each direction, and what may happen to them. */
import type { WebSocket } from 'ws';
import type { LinkFault } from './fault.ts';
import { Lane } from './lane.ts';
import type { Delivery } from './spoil.ts';

type Direction = 'up' | 'down';

/** What to do with a frame: nothing, or deliver these; `after` is called once they are on their way. */
export interface Handling {
  readonly deliveries: readonly Delivery[];
  readonly after?: () => void;
}

export interface LinkOptions {
  readonly worker: WebSocket;
  readonly coordinator: WebSocket;
  /** Looks at a frame before it goes on; `link` may be disturbed meanwhile. */
  readonly handle: (bytes: Uint8Array, link: Link) => Handling;
  readonly onClose: (link: Link) => void;
}

/** Close codes that an endpoint may send (RFC 6455, section 7.4). */
function maySend(code: number): boolean {
  return code === 1000 || (code >= 1001 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || code >= 3000;
}

export class Link {
  /** The worker's name, once it was welcomed. */
  worker = '';
  readonly #options: LinkOptions;
  readonly #lanes: Record<Direction, Lane>;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isDead = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { worker, coordinator } = options;
    this.#lanes = { up: new Lane(worker, coordinator), down: new Lane(coordinator, worker) };
    this.#carry(worker, coordinator, 'up');
    this.#carry(coordinator, worker, 'down');
  }

  /** Whether anything still gets through. */
  get carries(): boolean {
    return !this.#isDead;
  }

  /** Makes a fault happen to the connection now. */
  disturb(fault: LinkFault): void {
    switch (fault.kind) {
      case 'drop':
        return this.end();
      case 'half-open':
        this.#isDead = true;
        return;
      case 'slow':
        this.#limit(fault.bytesPerSecond);
        return this.#after(fault.ms, () => this.#limit(Infinity));
      default:
        fault satisfies never;
    }
  }

  /** Cuts both sides off. */
  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#options.worker.terminate();
    this.#options.coordinator.terminate();
  }

  #carry(from: WebSocket, to: WebSocket, direction: Direction): void {
    from.on('message', (data: Buffer, binary: boolean) => {
      if (this.#isDead) return;
      if (!binary) return void this.#lanes[direction].send(data, false);
      const { deliveries, after } = this.#options.handle(data, this);
      const sent = deliveries.map((delivery) => this.#deliver(delivery, direction));
      if (after) void Promise.all(sent).then(after);
    });
    from.on('close', (code, reason) => {
      this.#options.onClose(this);
      // Half open means that nobody hears of the other side's end either.
      if (this.#isDead) return;
      void this.#lanes[direction].drained().then(() => {
        if (maySend(code)) to.close(code, reason);
        else to.terminate();
      });
    });
    // Every error is followed by a close.
    from.on('error', () => undefined);
  }

  async #deliver({ bytes, delayMs }: Delivery, direction: Direction): Promise<void> {
    if (delayMs === 0) return this.#lanes[direction].send(bytes, true);
    this.#after(delayMs, () => void this.#lanes[direction].send(bytes, true));
  }

  #limit(bytesPerSecond: number): void {
    for (const lane of Object.values(this.#lanes)) lane.bytesPerSecond = bytesPerSecond;
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }
}
