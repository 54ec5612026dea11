import { resolveTrain } from '@gradcast/config';
import type { CredentialSecret } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { mayBeWatched, maySteer } from './view.ts';

const secret = 's3cret-0123456789abcdef';
const VIEWER: CredentialSecret = { name: 'ann', role: 'viewer', secret };
const OPERATOR: CredentialSecret = { name: 'oz', role: 'operator', secret: `${secret}3` };
const WORKER: CredentialSecret = { name: 'w', role: 'worker', secret: `${secret}2` };

function runOf(flags: string, credentials: readonly CredentialSecret[] | null, steer = false) {
  const machine = { environment: { GRADCAST_TOKEN: secret }, cores: 2, hostname: 'h' };
  const { coordinator } = resolveTrain(flags.split(' ').filter(Boolean), machine);
  return { config: { ...coordinator, steer }, access: { credentials, local: 'l' } };
}
const watchedBy = (flags: string, credentials: readonly CredentialSecret[] | null) =>
  mayBeWatched(runOf(flags, credentials));
const steeredBy = (flags: string, credentials: readonly CredentialSecret[] | null, steer = true) =>
  maySteer(runOf(flags, credentials, steer));

describe('a run may be watched', () => {
  it.each([
    ['', null],
    ['', [WORKER]],
    ['--host ::1', null],
    ['--join', []],
  ])('by all on this machine, with %j', (flags, credentials) => {
    expect(watchedBy(flags, credentials)).toBe('all');
  });

  it.each(['', '--host 0.0.0.0', '--trusted-proxies 10.0.0.1', '--join --join-url https://x.example'])(
    'by viewers alone where there are any, with %j',
    (flags) => {
      expect(watchedBy(flags, [WORKER, VIEWER])).toBe('viewers');
      expect(watchedBy(flags, [WORKER, OPERATOR])).toBe('viewers');
    },
  );

  it.each([
    ['--host 0.0.0.0', [WORKER]],
    ['--host 0.0.0.0 --join', []],
    ['--trusted-proxies 127.0.0.1', null],
    ['--join --join-url https://x.example/prefix', []],
    ['--no-page', [VIEWER]],
    ['--no-page', null],
  ])('by nobody with %j', (flags, credentials) => {
    expect(watchedBy(flags, credentials)).toBe('nobody');
  });
});

describe('a run may be steered', () => {
  it.each([
    ['', null],
    ['', [VIEWER]],
    ['', [OPERATOR]],
    ['--host 0.0.0.0', [OPERATOR]],
  ])('by nobody who was not asked for, with %j', (flags, credentials) => {
    expect(steeredBy(flags, credentials, false)).toBe('nobody');
  });

  it.each(['', '--host 0.0.0.0', '--trusted-proxies 10.0.0.1', '--join --join-url https://x.example'])(
    'by operators alone where there are any, with %j',
    (flags) => {
      expect(steeredBy(flags, [VIEWER, OPERATOR])).toBe('operators');
    },
  );

  it.each([
    ['', null],
    ['', [WORKER]],
    ['', [VIEWER]],
    ['--host ::1 --join', []],
  ])('by whoever has its own secret on this machine, with %j', (flags, credentials) => {
    expect(steeredBy(flags, credentials)).toBe('link');
  });

  it.each([
    ['--host 0.0.0.0', [VIEWER]],
    ['--trusted-proxies 127.0.0.1', null],
    ['--join --join-url https://x.example', [VIEWER]],
    ['--no-page', [OPERATOR]],
  ])('by nobody elsewhere, with %j', (flags, credentials) => {
    expect(steeredBy(flags, credentials)).toBe('nobody');
  });
});
