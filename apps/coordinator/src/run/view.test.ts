import { resolveTrain } from '@gradcast/config';
import type { CredentialSecret } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { mayBeWatched } from './view.ts';

const secret = 's3cret-0123456789abcdef';
const VIEWER: CredentialSecret = { name: 'ann', role: 'viewer', secret };
const WORKER: CredentialSecret = { name: 'w', role: 'worker', secret: `${secret}2` };

function watchedBy(flags: string, credentials: readonly CredentialSecret[] | null) {
  const machine = { environment: { GRADCAST_TOKEN: secret }, cores: 2, hostname: 'h' };
  const { coordinator: config } = resolveTrain(flags.split(' ').filter(Boolean), machine);
  return mayBeWatched({ config, access: { credentials, local: 'l' } });
}

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
