/**
 * Why a peer is refused. Each code is a heading in docs/protocol.md.
 */

/** What the refused peer may do: come again at once, come again later, or stop trying. */
export type Retry = 'now' | 'later' | 'never';

/** Every refusal's code and what the peer may do next. */
export const REFUSALS = {
  'frame-malformed': 'later',
  'message-invalid': 'later',
  'message-unexpected': 'later',
  'message-failed': 'later',
  'payload-length': 'later',
  'protocol-version': 'never',
  'token-missing': 'never',
  'token-wrong': 'never',
  'origin-refused': 'never',
  'host-refused': 'never',
  'preset-unknown': 'never',
  'probe-unstable': 'never',
  'hello-late': 'later',
  silent: 'later',
  'too-slow': 'later',
  'too-many-workers': 'later',
  'too-many-volunteers': 'later',
  'join-revoked': 'never',
  'too-many-connections': 'later',
  'too-many-messages': 'later',
  'message-too-large': 'later',
  'replica-mismatch': 'later',
  'result-numeric': 'later',
  'audit-lost': 'later',
  'profile-mismatch': 'never',
  'profile-unverifiable': 'never',
  replaced: 'never',
} as const satisfies Record<string, Retry>;

export type RefusalCode = keyof typeof REFUSALS;

/** A peer said something it may not; `code` is stable, `message` one sentence. */
export class ProtocolError extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'ProtocolError';
    this.code = code;
  }

  get retry(): Retry {
    return REFUSALS[this.code];
  }
}
