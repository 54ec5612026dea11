import { describe, expect, it } from 'vitest';
import { ViewSessions } from './view-sessions.ts';

const ANN = { name: 'ann', secret: 'ann-s3cret-0123456789' };
const BOB = { name: 'b.o-b_', secret: 'bob-s3cret-0123456789' };

function sessions(viewers = [ANN, BOB], run = 'run-1') {
  const clock = { wall: Date.UTC(2026, 0, 1) };
  const of = new ViewSessions({ viewers, run, path: '/view', wallClock: () => clock.wall });
  return { of, clock };
}
const valueOf = (cookie: string | undefined) => ({ cookie: cookie!.split(';')[0] });

describe('a session', () => {
  it('is had for a token, as a cookie that no script and no other site has', () => {
    const { of } = sessions();
    const plain = of.cookieFor(ANN.secret, false)!;
    expect(plain).toMatch(/^gradcast-[0-9a-f]{12}=[^;]+; Path=\/view; Max-Age=86400; HttpOnly; SameSite=Strict$/);
    expect(of.cookieFor(ANN.secret, true)).toBe(`${plain}; Secure`);
    expect(plain).not.toContain(ANN.secret);
    expect(of.knows(valueOf(plain))).toBe(true);
    expect(of.knows({ cookie: `other=1; ${valueOf(plain).cookie}; x=y` })).toBe(true);
    expect(of.knows(valueOf(of.cookieFor(BOB.secret, false)))).toBe(true);
  });

  it.each(['', 'wrong', ANN.secret.slice(1), `${ANN.secret} `])('is not had for %j', (token) => {
    expect(sessions().of.cookieFor(token, false)).toBeUndefined();
  });

  it('outlives a restart, but neither its time, nor its viewer, nor the run', () => {
    const { of, clock } = sessions();
    const held = valueOf(of.cookieFor(ANN.secret, false));
    expect(sessions().of.knows(held)).toBe(true);
    expect(sessions([BOB]).of.knows(held)).toBe(false);
    expect(sessions([{ ...ANN, secret: 'another-s3cret-012345' }]).of.knows(held)).toBe(false);
    const renamed = held.cookie.replace(
      /^[^=]+/,
      valueOf(sessions([ANN], 'run-2').of.cookieFor(ANN.secret, false)).cookie.split('=')[0],
    );
    expect(sessions([ANN], 'run-2').of.knows({ cookie: renamed })).toBe(false);
    clock.wall += 86_400_000;
    expect(of.knows(held)).toBe(false);
  });

  it('cannot be forged from another', () => {
    const { of } = sessions();
    const { cookie } = valueOf(of.cookieFor(ANN.secret, false));
    const [name, value] = cookie.split('=');
    const [signature, expires] = value.split('.');
    for (const forged of [
      `${signature}.${expires}.b.o-b_`,
      `${signature}.${Number(expires) + 1}.ann`,
      `${signature.slice(1)}A.${expires}.ann`,
      `.${expires}.ann`,
      `${signature}.${expires}.`,
      '',
    ]) {
      expect(of.knows({ cookie: `${name}=${forged}` })).toBe(false);
    }
    expect(of.knows({})).toBe(false);
  });
});
