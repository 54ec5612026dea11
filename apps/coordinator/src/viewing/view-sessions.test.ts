import { describe, expect, it } from 'vitest';
import { LINK_HOLDER, ViewSessions } from './view-sessions.ts';

const ANN = { name: 'ann', role: 'viewer', secret: 'ann-s3cret-0123456789' } as const;
const BOB = { name: 'b.o-b_', role: 'operator', secret: 'bob-s3cret-0123456789' } as const;

type People = ConstructorParameters<typeof ViewSessions>[0]['people'];

function sessions(people: People = [ANN, BOB], run = 'run-1') {
  const clock = { wall: Date.UTC(2026, 0, 1) };
  const of = new ViewSessions({ people, run, path: '/view', wallClock: () => clock.wall });
  return { of, clock };
}
const valueOf = (entered: ReturnType<ViewSessions['enter']>) => ({ cookie: entered!.cookie.split(';')[0] });

describe('a session', () => {
  it('is had for a token, as a cookie that no script and no other site has', () => {
    const { of } = sessions();
    const entered = of.enter(ANN.secret, false)!;
    const plain = entered.cookie;
    expect(plain).toMatch(/^gradcast-[0-9a-f]{12}=[^;]+; Path=\/view; Max-Age=86400; HttpOnly; SameSite=Strict$/);
    expect(of.enter(ANN.secret, true)?.cookie).toBe(`${plain}; Secure`);
    expect(plain).not.toContain(ANN.secret);
    expect(entered.person).toEqual({ name: 'ann', role: 'viewer' });
    expect(of.sender(valueOf(entered))).toEqual({ name: 'ann', role: 'viewer' });
    expect(of.sender({ cookie: `other=1; ${valueOf(entered).cookie}; x=y` })?.name).toBe('ann');
    expect(of.sender(valueOf(of.enter(BOB.secret, false)))).toEqual({ name: 'b.o-b_', role: 'operator' });
  });

  it.each(['', 'wrong', ANN.secret.slice(1), `${ANN.secret} `])('is not had for %j', (token) => {
    expect(sessions().of.enter(token, false)).toBeUndefined();
  });

  it('outlives a restart, but neither its time, nor its viewer, nor the run', () => {
    const { of, clock } = sessions();
    const held = valueOf(of.enter(ANN.secret, false));
    expect(sessions().of.sender(held)).toBeDefined();
    expect(sessions([BOB]).of.sender(held)).toBeUndefined();
    expect(sessions([{ ...ANN, secret: 'another-s3cret-012345' }]).of.sender(held)).toBeUndefined();
    const renamed = held.cookie.replace(
      /^[^=]+/,
      valueOf(sessions([ANN], 'run-2').of.enter(ANN.secret, false)).cookie.split('=')[0],
    );
    expect(sessions([ANN], 'run-2').of.sender({ cookie: renamed })).toBeUndefined();
    clock.wall += 86_400_000;
    expect(of.sender(held)).toBeUndefined();
  });

  it('says who somebody is, and the token file what they may', () => {
    const held = valueOf(sessions().of.enter(BOB.secret, false));
    expect(sessions([{ ...BOB, role: 'viewer' }]).of.sender(held)).toEqual({ name: 'b.o-b_', role: 'viewer' });
  });

  it('of whoever has the own secret of the run has a name that nobody in a token file has', () => {
    const link = { name: LINK_HOLDER, role: 'operator', secret: 'link-s3cret-012345678' } as const;
    const { of } = sessions([ANN, link]);
    expect(of.sender(valueOf(of.enter(link.secret, false)))).toEqual({ name: LINK_HOLDER, role: 'operator' });
    expect(LINK_HOLDER).not.toMatch(/^[A-Za-z0-9]/);
  });

  it('cannot be forged from another', () => {
    const { of } = sessions();
    const { cookie } = valueOf(of.enter(ANN.secret, false));
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
      expect(of.sender({ cookie: `${name}=${forged}` })).toBeUndefined();
    }
    expect(of.sender({})).toBeUndefined();
  });
});
