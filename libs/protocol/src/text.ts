/**
 * Text that crosses the wire: what a peer may send, and how any text is made to fit.
 *
 * Invariants: nothing that a schema admits can move a terminal's cursor or break a log's line; what is made here fits its
 * schema whatever it was made from.
 */

/** Characters of a device, a fact or a name that people read. */
export const LABEL_LIMIT = 120;
/** Characters of a sentence. */
export const SENTENCE_LIMIT = 1000;
/** Characters of a worker's name, as of the option `--name`. */
export const NAME_LIMIT = 63;

/** Controls, formats (which may turn the direction of writing), line and paragraph separators, halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE.source, 'gu');

/** The pattern of a worker's name. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** The pattern of a refusal's code. */
export const CODE = /^[a-z][a-z0-9-]{0,39}$/;

/** Whether a text can be shown as it is. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** A text as it may be shown and sent: a question mark for what cannot be printed, cut to `limit` UTF-16 units. */
export function printable(text: string, limit: number): string {
  // What lies far behind the limit is not looked at: the text may be a peer's.
  const shown = text.slice(0, limit + 2).replace(ALL_UNPRINTABLE, '?');
  if (text.length <= limit) return shown;
  // A character of two units is not cut in its middle.
  return `${shown.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** What a refusal, a goodbye or an end says. */
export function sentenceOf(text: string): string {
  return printable(text, SENTENCE_LIMIT);
}

/** A name for people, such as a device's. */
export function labelOf(text: string): string {
  return printable(text.trim(), LABEL_LIMIT) || 'unknown';
}

/** Any text as the name of a worker. */
export function workerName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return name.slice(0, NAME_LIMIT) || 'worker';
}

/** A text as the code of a refusal, or `otherwise` if it is none. */
export function codeOf(text: unknown, otherwise: string): string {
  return typeof text === 'string' && CODE.test(text) ? text : otherwise;
}
