/** What a worker says of itself before it is a member. */
import type { BackendProfile } from '@gradcast/engine';
import { ARITHMETIC_VERSION, labelOf, profileOf } from '@gradcast/protocol';
import type { Profile } from '@gradcast/protocol';
import type { Introduction } from './session.ts';

export interface IntroductionOptions {
  readonly profile: BackendProfile;
  readonly name: string;
  /** Where it can be scraped, or null where it cannot, as in a browser. */
  readonly metricsPort: number | null;
  /** Hexadecimal SHA-256, as every runtime has it. */
  readonly sha256: (bytes: Uint8Array) => Promise<string>;
}

export async function introductionOf({
  profile,
  name,
  metricsPort,
  sha256,
}: IntroductionOptions): Promise<Introduction> {
  const { backend, device, threads } = profile;
  const facts = await legalProfile({ ...profile, protocol: ARITHMETIC_VERSION }, sha256);
  return { backend, device: labelOf(device), profile: facts, threads, name, metricsPort };
}

/** {@link profileOf} where digests take their time: asks it which ones it needs until it has all, a digest of digests last. */
async function legalProfile(
  facts: Readonly<Record<string, unknown>>,
  sha256: IntroductionOptions['sha256'],
): Promise<Profile> {
  const known = new Map<string, string>();
  for (;;) {
    const missing = new Set<string>();
    const profile = profileOf(facts, (text) => {
      if (!known.has(text)) missing.add(text);
      return known.get(text) ?? '';
    });
    if (missing.size === 0) return profile;
    for (const text of missing) known.set(text, await sha256(new TextEncoder().encode(text)));
  }
}
