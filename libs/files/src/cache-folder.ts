import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The folder for what can be made again: `$GRADCAST_CACHE`, else the user's own cache folder.
 *
 * @param env defaults to the process's environment.
 */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  os: string = process.platform,
): string {
  if (env['GRADCAST_CACHE']) return resolve(env['GRADCAST_CACHE']);
  const home = env['HOME'] ?? homedir();
  if (os === 'darwin') return join(home, 'Library', 'Caches', 'gradcast');
  if (env['XDG_CACHE_HOME']) return join(resolve(env['XDG_CACHE_HOME']), 'gradcast');
  return join(home, '.cache', 'gradcast');
}
