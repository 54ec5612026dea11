/**
 * What the coordinator is asked over HTTP: a ticket for the code, and how the run goes.
 *
 * Answers are sorted as those of a connection are: a refusal that will not change, or trouble that is worth another try. A
 * page is told nothing of why a socket did not open, so it is asked here.
 */
import { codeOf, printable } from '@gradcast/protocol';
import type { Failure } from '@gradcast/worker-core';
import { factsOf } from './run-facts.ts';
import type { RunFacts } from './run-facts.ts';

/** Refusals that asking again does not change. */
const FINAL: readonly string[] = [
  'join-code-wrong',
  'join-code-expired',
  'join-code-missing',
  'code-missing',
  'origin-refused',
  'host-refused',
  'frame-refused',
];

const ANSWER_MS = 10_000;
/** Characters of a sentence that are shown. */
const SHOWN = 300;
/** Characters of an answer that are read. */
const LONGEST_ANSWER = 16_384;
/** Bytes of a grid of samples. */
const LARGEST_PICTURE = 4 * 2 ** 20;

/** What is used of `fetch`. */
export type Fetch = (url: string, options: RequestInit) => Promise<Response>;

export interface DoorOptions {
  /** Where the page's files are: `https://host/prefix/join/`. */
  readonly base: string;
  readonly code: string;
  readonly fetch: Fetch;
}

export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  get code(): string {
    return this.#options.code;
  }

  /** Exchanges the code for a ticket that opens one connection. */
  async ticket(): Promise<{ readonly ticket: string } | Failure> {
    const answer = await this.#ask('ticket', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: this.#options.code }),
    });
    if ('kind' in answer) return answer;
    const { ticket } = (await jsonOf(answer)) as { readonly ticket?: unknown };
    return typeof ticket === 'string' ? { ticket } : strange(answer);
  }

  /** How the run goes. @param secret the code, or that of a session. */
  async run(secret: string): Promise<{ readonly facts: RunFacts } | Failure> {
    const answer = await this.#ask('run', { headers: { authorization: `Bearer ${secret}` } });
    if ('kind' in answer) return answer;
    const facts = factsOf(await jsonOf(answer));
    return facts ? { facts } : strange(answer);
  }

  /** The newest samples as PNG, or undefined. */
  async samples(secret: string): Promise<ArrayBuffer | undefined> {
    const answer = await this.#ask('samples.png', { headers: { authorization: `Bearer ${secret}` } });
    if ('kind' in answer || Number(answer.headers.get('content-length')) > LARGEST_PICTURE) return undefined;
    return answer.arrayBuffer().catch(() => undefined);
  }

  async #ask(file: string, options: RequestInit): Promise<Response | Failure> {
    const { base, fetch } = this.#options;
    try {
      const common = { cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) } as const;
      const answer = await fetch(new URL(file, base).href, { ...common, ...options });
      return answer.ok ? answer : await refusalOf(answer);
    } catch {
      return { kind: 'unreachable', sentence: 'the coordinator cannot be reached' };
    }
  }
}

async function refusalOf(answer: Response): Promise<Failure> {
  const { code, sentence } = (await jsonOf(answer)) as { readonly code?: unknown; readonly sentence?: unknown };
  if (typeof sentence !== 'string') return strange(answer);
  const stable = codeOf(code, 'refused');
  const shown = printable(sentence, SHOWN);
  return FINAL.includes(stable)
    ? { kind: 'refused', code: stable, sentence: shown }
    : { kind: 'unreachable', sentence: shown };
}

/** Another server may stand there for a while: a proxy without its coordinator, or one without a page. */
function strange({ status }: Response): Failure {
  return { kind: 'unreachable', sentence: `the coordinator cannot be reached (HTTP ${status})` };
}

/** @returns an object without members where there is no JSON object. */
async function jsonOf(answer: Response): Promise<object> {
  try {
    const text = await answer.text();
    return text.length > LONGEST_ANSWER ? {} : (Object(JSON.parse(text)) as object);
  } catch {
    return {};
  }
}
