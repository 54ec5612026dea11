/**
 * A file in the run's folder that leads a browser to an address with a secret: the arguments of a program are there for all users
 * of a machine to see, and this file is for its user alone.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeAtomically } from '@gradcast/files';
import { escaped } from './pages/html.ts';

export class OpeningPage {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  /** @param folder the run's: browsers in a sandbox of their own read no folder of temporary files. */
  constructor(folder: string) {
    this.#path = resolve(join(folder, 'open.html'));
  }

  /** @returns the file's own address. @throws an error of the system. */
  async write(url: string): Promise<string> {
    this.#writing = writeAtomically(this.#path, [new TextEncoder().encode(leadingTo(url))], 0o600);
    await this.#writing;
    return pathToFileURL(this.#path).href;
  }

  async remove(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}

function leadingTo(url: string): string {
  const address = escaped(url);
  const head = `<meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Gradcast</title>`;
  return `<!doctype html><html lang="en">${head}<meta http-equiv="refresh" content="0; url=${address}"><p><a href="${address}">The page of the run</a></p></html>\n`;
}
