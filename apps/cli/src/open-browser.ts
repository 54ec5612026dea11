/** Opens the user's browser, by the program that the system has for that. */
import type { spawn } from 'node:child_process';

/** What opens an address, and its arguments before that. `BROWSER` names another, as many programs take it. */
export function browserCommand(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): readonly [program: string, ...args: string[]] {
  const { BROWSER: wanted = '' } = environment;
  if (wanted !== '') return [wanted];
  if (platform === 'darwin') return ['open'];
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}

/**
 * It is left alone from then on: the browser outlives the run.
 *
 * @param onFailed there is no such program, or it says that it could not.
 */
export function openBrowser(
  url: string,
  { start, command, onFailed }: { start: typeof spawn; command: readonly [string, ...string[]]; onFailed: () => void },
): void {
  const [program, ...args] = command;
  const child = start(program, [...args, url], { stdio: 'ignore', detached: true });
  child.once('error', onFailed);
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) onFailed();
  });
  child.unref();
}
