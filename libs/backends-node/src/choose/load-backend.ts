import type { LoadedBackend } from '@gradcast/engine';
import type { BackendSettings } from './candidate.ts';
import { factsOf, type Candidate } from './candidates.ts';

/**
 * Makes a chosen backend ready in this thread; only the code of that one is imported.
 *
 * @throws BackendError with the backend's own code.
 */
export function loadBackend(candidate: Candidate, settings: BackendSettings = {}): Promise<LoadedBackend> {
  return factsOf(candidate).load(settings);
}
