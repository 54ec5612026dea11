import { BackendError } from '@gradcast/engine';

/** What can go wrong between a request for a backend and its first tensor; each code is stable. */
export const NATIVE_ERROR_CODES = [
  'backend-unavailable',
  'cache-unwritable',
  'install-interrupted',
  'install-locked',
  'native-binding-mismatch',
  'native-build-failed',
  'native-load-failed',
  'native-not-installed',
  'native-toolchain-missing',
  'native-unpack-failed',
  'platform-unsupported',
  'wheel-download-failed',
  'wheel-hash-mismatch',
] as const;

export type NativeErrorCode = (typeof NATIVE_ERROR_CODES)[number];

/** A {@link BackendError} with one of the codes of installing, loading and choosing. */
export function nativeError(code: NativeErrorCode, message: string, remedy: string, cause?: unknown): BackendError {
  return new BackendError(code, message, { remedy, cause });
}

/** An installation that its caller ended; what was fetched stays for the next try. */
export function interrupted(): BackendError {
  return nativeError('install-interrupted', 'the installation was interrupted', 'run it again: it goes on');
}
