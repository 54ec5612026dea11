/** Requests and answers of JSON, as all routes of a coordinator have them. */
import { JSON_TYPE } from '@gradcast/metrics';
import type { Answer } from '@gradcast/metrics';

/** An answer whose body is there already. */
export type JsonAnswer = Answer & { readonly body: string };

export type Refused = JsonAnswer & { readonly code: string; readonly seconds?: number };

export function answered(body: object): JsonAnswer {
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

/** `{"code", "sentence"}`, like every refusal. */
export function refuse(status: number, code: string, sentence: string): Refused {
  return { status, type: JSON_TYPE, body: `${JSON.stringify({ code, sentence })}\n`, code };
}

/** A member of a body that is text; undefined where there is none, or the body is no JSON. */
export function textIn(body: string, name: string): string | undefined {
  try {
    const value = (Object(JSON.parse(body)) as Partial<Record<string, unknown>>)[name];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
