/** What a command draws on a terminal, as a document for a browser. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Characters across. */
const COLUMNS = 100;

/**
 * Runs a command on a terminal of its own, by util-linux' `script`.
 *
 * @returns what it wrote.
 * @throws an error of the system, or of a command that failed.
 */
export async function onTerminal(words: readonly string[]): Promise<string> {
  const quoted = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const command = `stty columns ${COLUMNS} rows 60; ${quoted}`;
  const env = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', NO_COLOR: '' };
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], { env });
  return stdout.replaceAll('\r', '');
}

/** Two pixels in one character, as `gradcast top` draws samples: the colours of the upper and of the lower one. */
const PIXELS = /\u001b\[38;5;(\d+);48;5;(\d+)m(▀+)/g;
const OTHER_CODES = /\u001b\[[\d;]*m/g;

/** A terminal with this text in it. */
export function asDocument(text: string): string {
  const lines = escaped(text.trimEnd())
    .replaceAll(PIXELS, (_, upper: string, lower: string, run: string) => {
      const colours = `linear-gradient(${greyOf(upper)} 50%,${greyOf(lower)} 50%)`;
      return `<i style="width:${run.length}ch;background:${colours}"></i>`;
    })
    .replaceAll(OTHER_CODES, '');
  return `<!doctype html><meta charset="utf-8"><title>A terminal</title><style>
    body { margin: 0; background: #14181b; color: #dfe3e6 }
    pre { display: inline-block; margin: 0; padding: 20px 24px; font: 15px/20px 'DejaVu Sans Mono', monospace }
    i { display: inline-block; height: 20px; vertical-align: top }
  </style><pre>${lines}</pre>`;
}

/** Of the 24 greys at the end of the 256 colours. Source: xterm's 256colres.pl. */
function greyOf(colour: string): string {
  const level = 8 + 10 * (Number(colour) - 232);
  return `rgb(${level} ${level} ${level})`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
