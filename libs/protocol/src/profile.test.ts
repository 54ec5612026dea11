import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame } from './frame.ts';
import { decodeFromWorker, PROTOCOL_VERSION } from './messages.ts';
import { isProfile, probeOf, profileDifference, profileKey, profileOf, renewedKey } from './profile.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const PROBE = 'ab'.repeat(32);

/** What a Sapphire Rapids processor says of its vector instructions: 238 characters. */
const SAPPHIRE_RAPIDS =
  'Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz amx_bf16 amx_int8 amx_tile avx avx2 avx512_bf16 avx512_bitalg ' +
  'avx512_fp16 avx512_vbmi2 avx512_vnni avx512_vpopcntdq avx512bw avx512cd avx512dq avx512f avx512ifma avx512vbmi ' +
  'avx512vl fma sse4_2';

/** Whether a hello with this profile is understood. */
function joins(profile: Record<string, string>): boolean {
  const hello = { type: 'hello', protocol: PROTOCOL_VERSION, backend: 'tensorflow', device: 'cpu', profile };
  const rest = { threads: 1, name: 'w', metricsPort: null, session: null };
  return decodeFromWorker(encodeFrame({ ...hello, ...rest })).message.type === 'hello';
}

describe('profileOf', () => {
  it('lets a processor with many instructions join', () => {
    expect(SAPPHIRE_RAPIDS.length).toBeGreaterThan(200);
    const profile = profileOf({ features: SAPPHIRE_RAPIDS, threads: 2 }, sha256);
    expect(profile).toEqual({ features: `sha256:${sha256(SAPPHIRE_RAPIDS)}`, threads: '2' });
    expect(joins(profile)).toBe(true);
  });

  it('keeps a fact of 120 characters and takes the digest of one of 121', () => {
    const [at, above] = ['x'.repeat(120), 'x'.repeat(121)];
    expect(profileOf({ at, above }, sha256)).toEqual({ at, above: `sha256:${sha256(above)}` });
  });

  it('makes a legal profile of any facts', () => {
    const anyFact = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.double(), fc.constant(undefined));
    const anyFacts = fc.dictionary(fc.string({ unit: 'binary', maxLength: 60 }), anyFact, { maxKeys: 60 });
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const profile = profileOf(facts, sha256);
        expect(isProfile(profile)).toBe(true);
        expect(joins(profile)).toBe(true);
      }),
    );
  });

  it('keeps different facts different', () => {
    const key = (facts: object) => profileKey(profileOf({ ...facts }, sha256), PROBE);
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`fact${i}`, i]));
    const pairs: [object, object][] = [
      [{ features: `${SAPPHIRE_RAPIDS} one` }, { features: `${SAPPHIRE_RAPIDS} two` }],
      [{ device: 'a\u0000b' }, { device: 'a\u0001b' }],
      [{ device: '' }, { device: ' ' }],
      [{ [`${'n'.repeat(50)}1`]: 'x' }, { [`${'n'.repeat(50)}2`]: 'x' }],
      [many, { ...many, fact9: 'other' }],
    ];
    for (const [a, b] of pairs) expect(key(a)).not.toBe(key(b));
    expect(key({ b: 1, a: 2 })).toBe(key({ a: 2, b: 1 }));
  });

  it('takes no fact of a peer for the probe', () => {
    expect(isProfile({ probe: 'x' })).toBe(false);
    expect(probeOf(profileKey(profileOf({ probe: 'x' }, sha256), PROBE))).toBe(PROBE);
  });
});

describe('profileDifference', () => {
  const key = (facts: object) => profileKey(profileOf({ ...facts }, sha256), PROBE);

  it('names the facts that differ and no others', () => {
    const ours = key({ backend: 'wasm', threads: 1, mode: 'eager' });
    const theirs = key({ backend: 'wasm', threads: 4, features: 'simd128' });
    expect(profileDifference(ours, theirs)).toBe(
      'mode is absent, not eager; threads is 4, not 1; features is simd128, not absent',
    );
    const probe = profileKey({ backend: 'wasm', mode: 'eager', threads: '1' }, 'cd'.repeat(32));
    expect(profileDifference(ours, probe)).toBe(`probe is ${'cd'.repeat(32)}, not ${PROBE}`);
  });

  it('stays a sentence, however much differs', () => {
    const facts = (of: string) => Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`fact${i}`, of.repeat(60)]));
    const difference = profileDifference(key(facts('ab')), key(facts('cd')));
    expect(difference.length).toBeLessThanOrEqual(800);
    for (let i = 0; i < 24; i++) expect(difference).toContain(`fact${i}`);
  });

  it('bears what is no key', () => {
    expect(profileDifference('', key({ backend: 'wasm' }))).toContain('backend is wasm, not absent');
  });
});

describe('renewedKey', () => {
  it('finds the same profile in what version 2 of the protocol wrote', () => {
    const facts = { backend: 'tensorflow', features: SAPPHIRE_RAPIDS.slice(0, 199), protocol: '2', threads: '2' };
    const written = JSON.stringify([...Object.entries(facts), ['probe', PROBE]]);
    expect(renewedKey(written, sha256)).toBe(profileKey(profileOf(facts, sha256), PROBE));
  });

  it('leaves alone what is no key', () => {
    for (const text of ['', '{}', '[1]', '[["backend","wasm"]]', 'null'])
      expect(renewedKey(text, sha256)).toBeUndefined();
  });
});
