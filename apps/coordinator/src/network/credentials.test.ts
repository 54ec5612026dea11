import { describe, expect, it } from 'vitest';
import { ANYBODY, Credentials, LOCAL, VOLUNTEER } from './credentials.ts';

const local = 'local-secret-0123456789';
const shared = { name: null, role: 'worker', secret: 'shared-secret-01234567' } as const;
const ada = { name: 'ada', role: 'trusted', secret: 'ada-secret-0123456789' } as const;
const bob = { name: 'bob', role: 'worker', secret: 'bob-secret-0123456789' } as const;

describe('credentials', () => {
  it('tell holders of secrets of their own apart, with their roles', () => {
    const credentials = new Credentials({ credentials: [ada, bob], local });
    expect(credentials.of(ada.secret)).toEqual({ kind: 'own', name: 'ada', role: 'trusted' });
    expect(credentials.of(bob.secret)).toEqual({ kind: 'own', name: 'bob', role: 'worker' });
    expect(credentials.of(`${bob.secret}x`)).toBeUndefined();
    expect(credentials.of(bob.secret.slice(1))).toBeUndefined();
    expect(credentials.of('')).toBeUndefined();
    expect(credentials.of(undefined)).toBeUndefined();
  });

  it('of viewers open nothing to a worker', () => {
    const eve = { name: 'eve', role: 'viewer', secret: 'eve-secret-0123456789' } as const;
    const credentials = new Credentials({ credentials: [eve, bob], local });
    expect(credentials.of(eve.secret)).toBeUndefined();
    expect(credentials.of(bob.secret)?.name).toBe('bob');
  });

  it('know a shared secret as nobody’s own', () => {
    const credentials = new Credentials({ credentials: [shared], local });
    expect(credentials.of(shared.secret)).toEqual({ kind: 'shared', name: 'shared', role: 'worker' });
  });

  it('admit our own workers always, and trust them', () => {
    for (const given of [null, [], [shared]]) {
      expect(new Credentials({ credentials: given, local }).of(local)).toBe(LOCAL);
    }
    expect(LOCAL.role).toBe('trusted');
  });

  it('admit anybody only where none are asked for', () => {
    const open = new Credentials({ credentials: null, local });
    expect(open.of(undefined)).toBe(ANYBODY);
    expect(open.of('something')).toBe(ANYBODY);
    expect(new Credentials({ credentials: [], local }).of(undefined)).toBeUndefined();
  });

  it('admit guests by what they show, and a page that shows nothing no more', () => {
    for (const given of [null, [], [shared]]) {
      const credentials = new Credentials({ credentials: given, local });
      const before = credentials.of(undefined, true);
      expect(before).toBe(given === null ? ANYBODY : undefined);
      const shown: string[] = [];
      credentials.welcome((secret) => {
        shown.push(secret);
        return secret === 'ticket' ? VOLUNTEER : undefined;
      });
      expect(credentials.of('ticket', true)).toBe(VOLUNTEER);
      expect(credentials.of('ticket')).toBe(VOLUNTEER);
      expect([credentials.of('forged', true), credentials.of(undefined, true)]).toEqual([undefined, undefined]);
      expect(credentials.of('forged')).toBe(before);
      expect(credentials.of(local, true)).toBe(LOCAL);
      // Secrets of others are none of theirs.
      expect(shown).toEqual(['ticket', 'ticket', 'forged', 'forged']);
    }
  });
});
