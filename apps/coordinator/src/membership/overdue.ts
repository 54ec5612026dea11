/**
 * Bounds on what a connection may make others wait for: a hello, a ready, any word at all, a message that was begun.
 */
import type { RefusalCode } from '@gradcast/protocol';
import type { Peer } from './peer.ts';
import { LEAST_BYTES_PER_SECOND } from './progress.ts';

/** Either side gives the other up after this long in which no byte moved. */
export const SILENCE_SECONDS = 30;
const HELLO_MS = 10_000;
/** Building an engine and probing it may take a slow device minutes; it answers pings meanwhile. */
const READY_MS = 600_000;
/** So may finishing what it has when it leaves. */
const LEAVE_MS = 600_000;

/** @returns why a connection must end now, if it must. */
export function overdue(peer: Peer, now: number): { code: RefusalCode; sentence: string } | undefined {
  if (peer.state === 'greeting' && now - peer.joinedAt > HELLO_MS) {
    return { code: 'hello-late', sentence: 'no hello came within 10 s' };
  }
  if (peer.state === 'joining' && now - peer.joinedAt > READY_MS) {
    return { code: 'silent', sentence: 'the worker did not become ready within 10 min' };
  }
  if (peer.state === 'leaving' && now - peer.leavingAt > LEAVE_MS) {
    return { code: 'silent', sentence: 'the worker was to leave and had not gone after 10 min' };
  }
  if (peer.isTooSlow()) {
    return { code: 'too-slow', sentence: `the link moves less than ${LEAST_BYTES_PER_SECOND / 1000} kB/s` };
  }
  if (now - peer.heardAt > SILENCE_SECONDS * 1000) {
    return { code: 'silent', sentence: `nothing was heard for ${SILENCE_SECONDS} s` };
  }
  return undefined;
}
