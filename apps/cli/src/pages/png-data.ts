/** Pictures as part of a page. */
import { readFile, stat } from 'node:fs/promises';

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** The file as a `data:` address; undefined if it is no PNG, or a larger one. */
export async function pngData(path: string, mostBytes: number): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > mostBytes) return undefined;
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes || bytes.length > mostBytes || !SIGNATURE.every((byte, i) => bytes[i] === byte)) return undefined;
  return `data:image/png;base64,${bytes.toString('base64')}`;
}
