import { chooseBackend, loadBackend, type BackendRequest } from '@gradcast/backends-node';
import { openEngine, type LoadedBackend } from '@gradcast/engine';
import type { Trainable } from '@gradcast/network';
import type { GradientEngine } from '@gradcast/task';

export type EngineOpener = (
  task: Trainable,
  backend: BackendRequest,
  warn: (line: string) => void,
) => Promise<GradientEngine>;

/** The backend asked for; says which one `auto` is. @throws BackendError */
export async function openChosenBackend(backend: BackendRequest, warn: (line: string) => void): Promise<LoadedBackend> {
  const { candidate, gpus, sentence } = await chooseBackend(backend);
  if (backend === 'auto') warn(sentence);
  return loadBackend(candidate, { gpu: gpus[0] });
}

/** An engine on it. @throws BackendError */
export async function openChosenEngine(...[task, backend, warn]: Parameters<EngineOpener>): Promise<GradientEngine> {
  return openEngine(task, await openChosenBackend(backend, warn));
}

/** What a command that draws needs besides its options; tests put their own in its place. */
export interface DrawingSurroundings {
  readonly openEngine?: EngineOpener;
  /** Told one line about anything a user should know; nothing it says is an error. */
  readonly warn?: (line: string) => void;
}

export function warnOnStderr(line: string): void {
  process.stderr.write(`gradcast: ${line}\n`);
}
