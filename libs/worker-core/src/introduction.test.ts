import { createHash } from 'node:crypto';
import { ARITHMETIC_VERSION, profileOf } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { PROFILE } from './fake-thread.ts';
import { introductionOf } from './introduction.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const sha256 = (bytes: Uint8Array) => Promise.resolve(createHash('sha256').update(bytes).digest('hex'));

describe('introductionOf', () => {
  it('names what computes, and how it can be scraped', async () => {
    const introduction = await introductionOf({ profile: PROFILE, name: 'ada', metricsPort: null, sha256 });
    expect(introduction).toMatchObject({ backend: 'wasm', device: 'cpu', threads: 1, name: 'ada', metricsPort: null });
    expect(introduction.profile).toEqual(profileOf({ ...PROFILE, protocol: ARITHMETIC_VERSION }, digest));
  });

  it('has the digests of facts that do not fit, a digest of digests among them', async () => {
    const long = { ...PROFILE, features: 'avx512 '.repeat(40), device: 'a\u0007b' };
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`fact ${i}`, `${i}`.repeat(200)]));
    for (const profile of [long, { ...long, ...many }]) {
      const introduction = await introductionOf({ profile, name: 'ada', metricsPort: 9100, sha256 });
      expect(introduction.profile).toEqual(profileOf({ ...profile, protocol: ARITHMETIC_VERSION }, digest));
    }
  });
});
