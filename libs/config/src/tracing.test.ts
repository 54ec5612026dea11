import { describe, expect, it } from 'vitest';
import { ConfigError } from './problem.ts';
import { resolveCoordinator } from './resolve.ts';
import { otlpHeaders, otlpResource } from './tracing.ts';

const machine = (environment: Record<string, string>) => ({ environment, cores: 2, hostname: 'h' });
const otlp = (args: readonly string[], environment: Record<string, string> = {}) =>
  resolveCoordinator(args, machine(environment)).coordinator.otlp;

function problem(args: readonly string[], environment: Record<string, string> = {}) {
  try {
    otlp(args, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('where spans go', () => {
  it('is nowhere unless asked for, whatever the environment says to others', () => {
    expect(otlp([], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' })).toBe(null);
  });

  it('is an address that traces are put behind, once', () => {
    expect(otlp(['--otlp', 'http://c:4318'])).toBe('http://c:4318/v1/traces');
    expect(otlp(['--otlp', 'https://c/otlp/'])).toBe('https://c/otlp/v1/traces');
    expect(otlp(['--otlp', 'http://c:4318/v1/traces'])).toBe('http://c:4318/v1/traces');
    expect(otlp([], { GRADCAST_OTLP: 'http://[::1]:4318' })).toBe('http://[::1]:4318/v1/traces');
  });

  it('is what OpenTelemetry is told, or this machine, without an address', () => {
    expect(otlp(['--otlp'])).toBe('http://localhost:4318/v1/traces');
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' };
    expect(otlp(['--otlp'], environment)).toBe('http://c:4318/v1/traces');
    expect(otlp(['--otlp', 'http://d'], environment)).toBe('http://d/v1/traces');
    const whole = { ...environment, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/spans' };
    expect(otlp(['--otlp', 'auto'], whole)).toBe('http://t/spans');
  });

  it.each([
    ['collector:4318', '"collector:4318"'],
    ['ftp://c', '"ftp://c"'],
    ['http://', '"http://"'],
    ['http://user:hunter2@c:4318', '"http://***@c:4318"'],
    ['user:hun/ter2@c:4318', '"***@c:4318"'],
    ['http://c/?key=hunter2', '"http://c/?***"'],
    ['http://c/#hunter2', '"http://c/#***"'],
  ])('is not %s, and nothing secret is repeated', (written, shown) => {
    const sentence = `--otlp must look like http://HOST:4318 (credentials belong in OTEL_EXPORTER_OTLP_HEADERS), but is ${shown}`;
    expect(problem(['--otlp', written])).toEqual([{ code: 'otlp-address', sentence }]);
  });

  it('says which variable is wrong', () => {
    const [{ code, sentence }] = problem(['--otlp'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'c' });
    expect([code, sentence.split(' ', 1)]).toEqual(['otlp-address', ['OTEL_EXPORTER_OTLP_ENDPOINT']]);
  });
});

describe('headers for a collector', () => {
  it('are URL-encoded pairs, those for traces before those for all', () => {
    const all = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a%2Cb%3D, x-tenant = one,' };
    expect(otlpHeaders(all)).toEqual({ authorization: 'Bearer a,b=', 'x-tenant': 'one' });
    expect(otlpHeaders({ ...all, OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=two' })['x-tenant']).toBe('two');
  });

  it.each(['hunter2', '=hunter2', 'a b=hunter2', 'a=hunter2%0d%0ab: c', 'a=hunter2%', 'a=%E2%82%AC'])(
    'are not %s',
    (text) => {
      const [{ code, sentence }] = problem(['--otlp'], { OTEL_EXPORTER_OTLP_HEADERS: text });
      expect(code).toBe('otlp-headers');
      expect(sentence).toBe('OTEL_EXPORTER_OTLP_HEADERS must look like NAME=VALUE,NAME=VALUE, URL-encoded');
      expect(problem([], { OTEL_EXPORTER_OTLP_HEADERS: text })).toEqual([]);
    },
  );
});

it('a process has the name and attributes that its environment gives it', () => {
  const environment = { OTEL_SERVICE_NAME: 'lab', OTEL_RESOURCE_ATTRIBUTES: 'team=ml%20ops,service.name=other' };
  expect(otlpResource(environment)).toEqual({ team: 'ml ops', 'service.name': 'lab' });
  expect(otlpResource({ OTEL_RESOURCE_ATTRIBUTES: 'nothing' })).toEqual({});
});
