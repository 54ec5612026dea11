/**
 * The run's control socket: where `gradcast pause`, `resume`, `stop` and `drain` reach a run by its folder.
 *
 * Invariants: nobody but this user (and root) can reach it, for it has mode 0600 and lies in a folder of mode 0700; the link in
 * the run folder is there as long as this process answers and holds the run; open answers end in good order, once the run's
 * lock is given back, so that whoever waits for the run's end can open it again.
 */
import { lstat, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SOCKET_PATH_BYTES } from '@gradcast/config';
import { serveLocally } from '@gradcast/metrics';
import type { LocalServer, RequestHandler } from '@gradcast/metrics';
import { readControlLink, removeControlLink, writeControlLink } from '@gradcast/run-folder';
import type { Logger } from 'pino';

export interface ControlListenerOptions {
  readonly runFolder: string;
  /** Path of this command's socket for its workers, in a folder that only this user can enter; null if there is none. */
  readonly localSocket: string | null;
  readonly logger: Pick<Logger, 'warn'>;
  /** Where a folder for the socket is made if there is none: the first whose path is short enough. */
  readonly parents?: readonly string[];
}

const NAME = 'c';
const PREFIX = 'gradcast-';

export class ControlListener {
  readonly #options: ControlListenerOptions;
  #server: LocalServer | undefined;
  #socket: string | undefined;
  /** A folder that was made here, and is removed here. */
  #made: string | undefined;

  constructor(options: ControlListenerOptions) {
    this.#options = options;
  }

  /** Opens the socket. A run where there can be none goes on without one, and says so in the log. */
  async open(handler: RequestHandler): Promise<void> {
    const { runFolder, logger } = this.#options;
    try {
      await removeStale(runFolder);
      this.#socket = join(await this.#place(), NAME);
      this.#server = await serveLocally(this.#socket, handler);
      await writeControlLink(runFolder, this.#socket);
    } catch (error) {
      logger.warn(
        { reason: String(error) },
        'no control socket: the run cannot be paused, stopped or drained by command',
      );
      await this.close();
    }
  }

  /** From now on no command finds the run. Those that follow it still do. */
  async withdraw(): Promise<void> {
    if (this.#socket !== undefined)
      await removeControlLink(this.#options.runFolder, this.#socket).catch(() => undefined);
  }

  /** Ends what is still answered, and removes the socket. */
  async close(): Promise<void> {
    await this.withdraw();
    await this.#server?.close();
    this.#server = undefined;
    // The command removes the folder of its own socket, whatever happens here.
    if (this.#made !== undefined) await rm(this.#made, { recursive: true, force: true }).catch(() => undefined);
    this.#made = undefined;
  }

  async #place(): Promise<string> {
    const { localSocket, parents = [tmpdir(), '/tmp'] } = this.#options;
    if (localSocket !== null) return dirname(localSocket);
    // What `mkdtemp` adds has six characters. It gives the folder mode 0700.
    const parent = parents.find((path) => Buffer.byteLength(join(path, `${PREFIX}XXXXXX`, NAME)) < SOCKET_PATH_BYTES);
    if (parent === undefined) throw new Error('every path to a folder of temporary files is too long for a socket');
    return (this.#made = await mkdtemp(join(parent, PREFIX)));
  }
}

/** Removes what a killed coordinator of this run left. */
async function removeStale(runFolder: string): Promise<void> {
  const socket = await readControlLink(runFolder);
  if (socket === undefined) return;
  const folder = dirname(socket);
  // The link may lead anywhere by now, that of a copied run to the socket of one that goes on: only what looks like ours, and has
  // nobody behind it, is removed, and no folder with something else in it.
  const isOurs = basename(socket) === NAME && basename(folder).startsWith(PREFIX);
  if (!isOurs || !(await lstat(socket).catch(() => undefined))?.isSocket() || !(await isDead(socket))) return;
  await rm(socket, { force: true }).catch(() => undefined);
  await rmdir(folder).catch(() => undefined);
}

/** Whether nobody listens on a socket. */
function isDead(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const trial = connect(socket);
    trial.once('connect', () => {
      trial.destroy();
      resolve(false);
    });
    trial.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
