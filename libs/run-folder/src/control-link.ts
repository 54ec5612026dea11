/**
 * `control` in a run's folder: a link to the Unix socket by which the run is paused, stopped or drained.
 *
 * The socket itself lies among temporary files, for the path of a socket must be short and not every file system holds one. A
 * copy of a run's folder has a copy of the link, so whoever follows it says by which folder it came: see {@link folderIdentity}.
 */
import { readlink, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const LINK = 'control';

/** The socket that a run's folder leads to; undefined if there is no link. */
export function readControlLink(run: string): Promise<string | undefined> {
  return readlink(join(run, LINK)).catch(() => undefined);
}

/** Makes the link, in place of another's that is there. @throws an error of the system. */
export async function writeControlLink(run: string, socket: string): Promise<void> {
  await removeControlLink(run);
  await symlink(socket, join(run, LINK));
}

/** Removes the link; if `socket` is given, only one that leads there. @throws an error of the system. */
export async function removeControlLink(run: string, socket?: string): Promise<void> {
  if (socket !== undefined && (await readControlLink(run)) !== socket) return;
  await rm(join(run, LINK), { force: true });
}

/** What tells a folder from its copy, whatever path leads to it. @throws an error of the system. */
export async function folderIdentity(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true });
  return `${dev}-${ino}`;
}
