/**
 * The secrets with which workers, viewers and operators come to a coordinator: one that all workers share, or a credential for each.
 *
 * Invariant: no sentence, printed configuration or message of this module ever contains a secret.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Problem, quoted } from './problem.ts';
import { ACCESS_ROLES, type AccessRole } from './credential-role.ts';
import type { CredentialSecret } from './process-messages.ts';

/** Shortest token in characters: fewer can be guessed over a network. */
export const MIN_TOKEN_LENGTH = 16;
/** Longest token in characters. */
export const MAX_TOKEN_LENGTH = 4096;
/** Most credentials in one file. */
export const MAX_CREDENTIALS = 4096;
const MAX_FILE_BYTES = 4 << 20;

export type TokenReading = { readonly token: string | null } | { readonly problem: Problem };
export type CredentialsReading =
  { readonly credentials: readonly CredentialSecret[] | null } | { readonly problem: Problem };

/**
 * A coordinator's credentials, from `file` if one is named, else from the variable's value. A file holds one bare secret,
 * which all share, or lines `name role secret`; empty lines and lines that begin with `# ` are passed over.
 *
 * @returns null when neither is given.
 */
export function readCredentials(file: string | null, variable: string | undefined): CredentialsReading {
  if (file === null) {
    if (variable === undefined) return { credentials: null };
    const token = checked(variable, 'GRADCAST_TOKEN');
    return 'problem' in token ? token : { credentials: [shared(token.token)] };
  }
  const lines = linesOf(file);
  return 'problem' in lines ? lines : parsed(lines, place(file));
}

/**
 * A worker's secret, from `file` if one is named, else from the variable's value; white space around it is dropped. The
 * file may hold the worker's line of a coordinator's file.
 *
 * @returns null as token when neither is given.
 */
export function readToken(file: string | null, variable: string | undefined): TokenReading {
  const reading = readCredentials(file, variable);
  if ('problem' in reading) return reading;
  const { credentials } = reading;
  if (credentials === null) return { token: null };
  if (credentials.length === 1) return { token: credentials[0].secret };
  return refuse(
    'token-shape',
    `${place(file!)} holds ${credentials.length} credentials; a worker's holds its own only`,
  );
}

function shared(secret: string): CredentialSecret {
  return { name: null, role: 'worker', secret };
}

function place(file: string): string {
  return `the token file ${quoted(file)}`;
}

function linesOf(file: string): string[] | { readonly problem: Problem } {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return refuse('token-shape', `${place(file)} is too long for tokens`);
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('# '));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    return refuse('token-file', `${place(file)} ${what}`);
  }
}

function parsed(lines: readonly string[], from: string): CredentialsReading {
  if (lines.length === 0) return refuse('token-shape', `${from} holds no token`);
  if (lines.length === 1 && !/\s/.test(lines[0])) {
    const token = checked(lines[0], from);
    return 'problem' in token ? token : { credentials: [shared(token.token)] };
  }
  if (lines.length > MAX_CREDENTIALS) {
    return refuse('token-shape', `${from} holds more than ${MAX_CREDENTIALS} credentials`);
  }
  const credentials: CredentialSecret[] = [];
  for (const [index, line] of lines.entries()) {
    const credential = credentialOf(line, `credential ${index + 1} of ${from}`);
    if ('problem' in credential) return credential;
    const same = credentials.find(({ name, secret }) => name === credential.name || secret === credential.secret);
    if (same) {
      const what = same.name === credential.name ? 'name' : 'secret';
      return refuse('token-shape', `credential ${index + 1} of ${from} has the ${what} of another one`);
    }
    credentials.push(credential);
  }
  return { credentials };
}

function credentialOf(line: string, from: string): CredentialSecret | { readonly problem: Problem } {
  const words = line.split(/\s+/);
  if (words.length !== 3) return refuse('token-shape', `${from} is not "name role secret"`);
  const [name, role, secret] = words;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(name)) {
    const shape = 'begins with a letter or digit and has up to 40 letters, digits, dots, dashes and underscores';
    return refuse('token-shape', `${from} has no name that ${shape}`);
  }
  if (!isRole(role)) return refuse('token-shape', `${from} has another role than ${ACCESS_ROLES.join(', ')}`);
  const token = checked(secret, from);
  return 'problem' in token ? token : { name, role, secret: token.token };
}

function isRole(text: string): text is AccessRole {
  return (ACCESS_ROLES as readonly string[]).includes(text);
}

function checked(text: string, from: string): { readonly token: string } | { readonly problem: Problem } {
  const token = text.trim();
  if (token === '') return refuse('token-shape', `${from} holds no token`);
  if (token.length > MAX_TOKEN_LENGTH) {
    return refuse('token-shape', `${from} holds more than ${MAX_TOKEN_LENGTH} characters`);
  }
  // A token travels in an HTTP header: printable ASCII without spaces.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return refuse('token-shape', `${from} holds spaces or characters that are not printable ASCII`);
  }
  if (token.length < MIN_TOKEN_LENGTH) {
    const remedy = 'make one with openssl rand -hex 32';
    return refuse('token-shape', `${from} holds fewer than ${MIN_TOKEN_LENGTH} characters; ${remedy}`);
  }
  return { token };
}

function refuse(code: Problem['code'], sentence: string): { readonly problem: Problem } {
  return { problem: { code, sentence } };
}
