/**
 * Where spans go: `--otlp`, and the variables of OpenTelemetry's specification that say the same for any program (OTLP exporter
 * configuration, opentelemetry.io/docs/specs/otel/protocol/exporter).
 *
 * Invariant: nothing secret is in a configuration, so an address holds no credentials; those are in headers, which stay in the
 * environment, and no sentence repeats them.
 */
import { type Problem, quoted } from './problem.ts';
import type { Settings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a collector listens on the same machine. */
const DEFAULT_ENDPOINT = 'http://localhost:4318';
/** What an address that serves all signals has behind it for traces. */
const TRACES_PATH = '/v1/traces';
const HEADER_VARIABLES = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'];
/** Name and value of an HTTP header (RFC 9110, 5.1 and 5.5). */
const FIELD_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Reads `--otlp` and adds what is wrong with it to `problems`. @returns the address that spans are sent to, or null. */
export function otlpOf(settings: Settings, environment: Environment, problems: Problem[]): string | null {
  const written = settings.text('otlp');
  if (written === null) return null;
  const malformed = HEADER_VARIABLES.filter((name) => headersOf(environment[name]) === undefined);
  for (const name of malformed) {
    problems.push({ code: 'otlp-headers', sentence: `${name} must look like NAME=VALUE,NAME=VALUE, URL-encoded` });
  }
  const { text, label, isWhole } =
    written === 'auto' ? told(environment) : { text: written, label: settings.label('otlp'), isWhole: false };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && url.username + url.password + url.search + url.hash === '' && /^https?:$/.test(url.protocol);
  if (isPlain) return isWhole ? url.href : withTracesPath(url);
  const advice = 'credentials belong in OTEL_EXPORTER_OTLP_HEADERS';
  const sentence = `${label} must look like http://HOST:4318 (${advice}), but is ${quoted(masked(text))}`;
  problems.push({ code: 'otlp-address', sentence });
  return null;
}

/** Headers of every request, by name; empty if the variables are malformed. */
export function otlpHeaders(environment: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(HEADER_VARIABLES.flatMap((name) => headersOf(environment[name]) ?? []));
}

/** What the environment says of this process, as attributes of its resource (opentelemetry.io/docs/specs/otel/resource/sdk). */
export function otlpResource(environment: Environment): Readonly<Record<string, string>> {
  const { OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: name } = environment;
  return { ...Object.fromEntries(pairsOf(attributes) ?? []), ...(name && { 'service.name': name }) };
}

/** `isWhole`: nothing is put behind it. */
function told(environment: Environment): { readonly text: string; readonly label: string; readonly isWhole: boolean } {
  for (const [label, isWhole] of [
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', true],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', false],
  ] as const) {
    const text = environment[label];
    if (text) return { text, label, isWhole };
  }
  return { text: DEFAULT_ENDPOINT, label: '--otlp', isWhole: false };
}

function withTracesPath({ origin, pathname }: URL): string {
  const path = pathname.replace(/\/+$/, '');
  return path.endsWith(TRACES_PATH) ? origin + path : origin + path + TRACES_PATH;
}

/** Without what may be secret: a user with a password, a query, a fragment. */
function masked(text: string): string {
  const withoutUser = text.replace(/^([^/]*\/\/)?.*@/s, (_, scheme: string | undefined) => `${scheme ?? ''}***@`);
  return withoutUser.replace(/[?#].*$/s, (rest) => `${rest[0]}***`);
}

function headersOf(text: string | undefined): [string, string][] | undefined {
  const pairs = pairsOf(text);
  return pairs?.every(([name, value]) => FIELD_NAME.test(name) && FIELD_VALUE.test(value)) ? pairs : undefined;
}

/** Of `name=value,name=value`, as W3C Baggage writes them; undefined if it is none. */
function pairsOf(text = ''): [string, string][] | undefined {
  const pairs: [string, string][] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(0, equals)).trim();
    const value = decoded(part.slice(equals + 1).trim());
    if (name === '' || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
