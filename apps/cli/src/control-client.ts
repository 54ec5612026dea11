/** A command's side of a run's control socket: requests, and the stream of what happens. */
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { folderIdentity, readControlLink } from '@gradcast/run-folder';

/** Why an operation was not done: codes of this side, and those that a coordinator answers with. */
export const OPERATE_CODES = [
  'run-not-running',
  'run-not-answering',
  'run-of-another-user',
  'pause-withdrawn',
  'worker-lost',
  'operation-unknown',
  'run-copied',
  'run-ending',
  'worker-unknown',
  'join-off',
  'join-revoked',
  'join-expired',
  'join-code',
] as const;

/** An operation was not done. `message` is one sentence for a user. */
export class OperateError extends Error {
  override readonly name = 'OperateError';
  /** One of {@link OPERATE_CODES}, or one of a coordinator of another version. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A JSON object of the coordinator's, which may be of another version than this command. */
export type Answer = Readonly<Record<string, unknown>>;

/** Longer than a coordinator is ever busy. */
const PATIENCE_MS = 30_000;

export class ControlClient {
  readonly #run: string;
  readonly #socketPath: string;
  readonly #folder: string;
  readonly #patienceMs: number;

  private constructor(run: string, found: { socketPath: string; folder: string; patienceMs: number }) {
    this.#run = run;
    this.#socketPath = found.socketPath;
    this.#folder = found.folder;
    this.#patienceMs = found.patienceMs;
  }

  /** Finds the coordinator that has a run's folder open. @returns undefined if none says that it has. */
  static async find(run: string, patienceMs = PATIENCE_MS): Promise<ControlClient | undefined> {
    const socketPath = await readControlLink(run);
    if (socketPath === undefined) return undefined;
    return new ControlClient(run, { socketPath, folder: await folderIdentity(run), patienceMs });
  }

  /**
   * Asks for something, with a body or without.
   *
   * @returns undefined if nobody answers: the run is over, or its coordinator was killed.
   * @throws OperateError `run-not-answering`, `run-of-another-user`, `operation-unknown`, or with a code of the coordinator's.
   */
  async ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer | undefined> {
    const response = await this.#open(method, path, body);
    if (!response) return undefined;
    const text = await textOf(response).catch(() => undefined);
    // It ended while it spoke.
    if (text === undefined) return undefined;
    const answer = parsed(text);
    if (response.statusCode === 200 && answer) return answer;
    const { code, sentence } = answer ?? {};
    if (typeof code === 'string' && typeof sentence === 'string') throw new OperateError(code, sentence);
    throw new OperateError('operation-unknown', `the coordinator of ${this.#run} does not know how to do that`);
  }

  /**
   * What happens from after an event's number until the coordinator has given the run back, or is gone, or the caller has heard
   * enough.
   *
   * @throws OperateError as {@link ask}.
   */
  async *events(after: number): AsyncGenerator<Answer, void, void> {
    const response = await this.#open('GET', '/events', undefined, `&after=${after}`);
    if (response?.statusCode !== 200) return;
    response.setTimeout(0);
    let rest = '';
    try {
      for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield parsed(line) ?? {};
      }
    } catch {
      // It ended in the middle of a word; the folder says how.
    } finally {
      response.destroy();
    }
  }

  async #open(method: 'GET' | 'POST', path: string, body?: object, query = ''): Promise<IncomingMessage | undefined> {
    try {
      return await new Promise((resolve, reject) => {
        const socketPath = this.#socketPath;
        const where = { socketPath, method, path: `${path}?folder=${this.#folder}${query}`, agent: false } as const;
        const sent = request({ ...where, timeout: this.#patienceMs }, resolve);
        sent.on('error', reject).on('timeout', () => sent.destroy(Object.assign(new Error(), { code: TIMEOUT })));
        sent.end(body && JSON.stringify(body));
      });
    } catch (cause) {
      switch ((cause as NodeJS.ErrnoException).code) {
        case TIMEOUT:
          throw new OperateError(
            'run-not-answering',
            `the coordinator of ${this.#run} has not answered for ${this.#patienceMs / 1000} s`,
            { cause },
          );
        case 'EACCES':
        case 'EPERM':
          throw new OperateError(
            'run-of-another-user',
            `the run in ${this.#run} takes commands from the user alone who started it`,
            { cause },
          );
        default:
          return undefined;
      }
    }
  }
}

const TIMEOUT = 'ETIMEDOUT';

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) text += part;
  return text;
}

function parsed(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
  } catch {
    return undefined;
  }
}
