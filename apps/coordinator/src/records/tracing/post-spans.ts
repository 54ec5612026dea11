/** One OTLP request over HTTP, and what its answer means (OTLP specification, "OTLP/HTTP Response"). */
import { encodeRequest, rejectedOf } from './trace-proto.ts';
import type { Origin } from './trace-proto.ts';
import type { Answer } from './span-sender.ts';

export interface Collector extends Origin {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Another patience, in tests. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** An answer is a few bytes. */
const LONGEST_ANSWER_BYTES = 65_536;
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Never fails. */
export async function postSpans(collector: Collector, spans: readonly Uint8Array[]): Promise<Answer> {
  const { url, headers, timeoutMs = TIMEOUT_MS } = collector;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-protobuf' },
      body: Uint8Array.from(encodeRequest(collector, spans)),
      // Headers are meant for this address alone.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await bounded(response);
    if (response.ok) return { kind: 'taken', rejected: rejectedOf(body) };
    const why = `HTTP ${response.status}`;
    if (!RETRYABLE.has(response.status)) return { kind: 'refused', why };
    const seconds = Number(response.headers.get('retry-after') ?? NaN);
    return { kind: 'retry', why, ...(seconds > 0 && { afterMs: seconds * 1000 }) };
  } catch (error) {
    return { kind: 'retry', why: reasonOf(error) };
  }
}

/** The first bytes of an answer; the rest is not waited for. */
async function bounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (!response.body) return new Uint8Array();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > LONGEST_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER_BYTES);
}

/** A code where there is one: `fetch` says only that it failed, and its cause why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return typeof code === 'string' && code !== '' ? code : String(message);
}
