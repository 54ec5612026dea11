/** How the link by which browser tabs join is shown: as text, and as a QR code where others can follow it. */
import { isLoopback } from '@gradcast/protocol';

export interface ShownLink {
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** Sentences about a link. */
export function linkSentences({ url, expires }: ShownLink, fingerprint?: string): string[] {
  const sentences = [`browser tabs join at ${url} until ${localTime(expires)}`];
  if (fingerprint !== undefined) {
    sentences.push(`its certificate is of our own making; browsers ask about it once: SHA-256 ${fingerprint}`);
  }
  if (!isForOthers(url)) sentences.push('other devices can join as well with --host 0.0.0.0');
  return sentences;
}

/** Whether devices beside this machine can follow a link. */
export function isForOthers(url: string): boolean {
  return !isLoopback(new URL(url).hostname);
}

/** A link as lines of half blocks, with a border by which cameras find it. */
export async function qrCode(url: string): Promise<string> {
  const { renderUnicodeCompact } = await import('uqr');
  return renderUnicodeCompact(url, { border: 2 });
}

/** `2026-11-29 18:21`, where this machine is. */
function localTime(time: number): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
