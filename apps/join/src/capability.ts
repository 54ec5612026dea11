/** Why this browser cannot take part, in one sentence. */

/** What a browser has, as far as a worker needs it. */
export interface Browser {
  readonly isSecure: boolean;
  readonly hasWorkers: boolean;
  readonly hasSimd: boolean;
  readonly hasDigests: boolean;
}

/** A function of no arguments that splats a constant into a vector and counts its bits: a module that is valid with SIMD only. */
// prettier-ignore
const SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
);

export function thisBrowser(): Browser {
  const scope = globalThis as Partial<typeof globalThis>;
  return {
    isSecure: scope.isSecureContext === true,
    hasWorkers: scope.Worker !== undefined && scope.WebSocket !== undefined,
    hasSimd: scope.WebAssembly !== undefined && scope.WebAssembly.validate(SIMD_MODULE),
    hasDigests: (scope.crypto as Partial<Crypto> | undefined)?.subtle !== undefined,
  };
}

/** @returns undefined if it can. */
export function lacking({ isSecure, hasWorkers, hasSimd, hasDigests }: Browser): string | undefined {
  if (!isSecure) return 'This page was not opened over https: browsers compute only on pages that come encrypted.';
  if (!hasWorkers) return 'This browser has no background threads (Web Workers), without which it cannot take part.';
  if (!hasSimd) return 'This browser or its processor has no WebAssembly SIMD, without which it cannot take part.';
  if (!hasDigests) return 'This browser has no Web Crypto, without which it cannot take part.';
  return undefined;
}
