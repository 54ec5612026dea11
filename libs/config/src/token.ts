/**
 * The shared secret of a coordinator and its workers.
 *
 * Invariant: no sentence, printed configuration or message of this module ever contains it.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Problem, quoted } from './problem.ts';

/** Longest token in characters. */
export const MAX_TOKEN_LENGTH = 4096;

export type TokenReading = { readonly token: string | null } | { readonly problem: Problem };

/**
 * Takes the token from `file` if one is named, else from the variable's value; white space around it is dropped.
 *
 * @returns null as token when neither is given.
 */
export function readToken(file: string | null, variable: string | undefined): TokenReading {
  if (file === null) return variable === undefined ? { token: null } : checked(variable, 'GRADCAST_TOKEN');
  const place = `the token file ${quoted(file)}`;
  try {
    // Bytes bound characters; some room for white space around the token.
    if (statSync(file).size > 4 * MAX_TOKEN_LENGTH) return refuse('token-shape', `${place} is too long for a token`);
    return checked(readFileSync(file, 'utf8'), place);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return refuse('token-file', `${place} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}`);
  }
}

function checked(text: string, place: string): TokenReading {
  const token = text.trim();
  if (token === '') return refuse('token-shape', `${place} holds no token`);
  if (token.length > MAX_TOKEN_LENGTH) {
    return refuse('token-shape', `${place} holds more than ${MAX_TOKEN_LENGTH} characters`);
  }
  // A token travels in an HTTP header: printable ASCII without spaces.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return refuse('token-shape', `${place} holds spaces or characters that are not printable ASCII`);
  }
  return { token };
}

function refuse(code: Problem['code'], sentence: string): TokenReading {
  return { problem: { code, sentence } };
}
