/**
 * The messages: header schemas of both directions. Decoding gives a typed message or a coded refusal, never a guess.
 *
 * Every message but `hello` carries the coordinator's incarnation; one of another incarnation is dropped by whoever
 * receives it.
 */
import { DEFINITION_VERSION, runDefinition } from '@gradcast/definition';
import * as z from 'zod';
import { decodeFrame } from './frame.ts';
import { ProtocolError, REFUSALS } from './errors.ts';
import type { RefusalCode, Retry } from './errors.ts';
import { FACT_LIMIT, isProfile } from './profile.ts';
import { CODE, isPrintable, LABEL_LIMIT, NAME, printable, SENTENCE_LIMIT, sentenceOf } from './text.ts';

/** The version with which a message or a bit of the arithmetic last changed; entries of the definition say theirs. */
const MESSAGES_VERSION = 7;

/** Both sides must speak the same version. */
export const PROTOCOL_VERSION = Math.max(MESSAGES_VERSION, DEFINITION_VERSION);

/** The protocol's version when a bit of the arithmetic last changed: a fact of every numeric profile. */
export const ARITHMETIC_VERSION = 2;

/** Digits of the SHA-256 of a worker's choices, which are a fact of its numeric profile. */
export const TUNING_DIGITS = 16;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const positive = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const finite = z.number().refine(Number.isFinite);
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const label = z.string().min(1).max(LABEL_LIMIT).refine(isPrintable, 'unprintable characters');
const workerName = z.string().regex(NAME);
const code = z.string().regex(CODE);
const fingerprint = hex(32);
const sha256 = hex(64);
const sentence = z.string().max(SENTENCE_LIMIT).refine(isPrintable, 'unprintable characters');
const port = z.number().int().min(1).max(65_535);
const incarnation = positive;
const subtree = z.strictObject({ start: count, size: positive });

/** Longer than a day is no time limit, and timers overflow at 24 days. */
const SILENCE_LIMIT_SECONDS = 86_400;

/** Numbers of an optimizer's step, by name. */
const SCALAR_NAME = /^[a-z][A-Za-z0-9]{0,39}$/;
const STEP_SCALAR_LIMIT = 16;

/** Counters of one `stats`. */
const COUNTER_LIMIT = 64;

/** Names that decide the bits of a gradient: library versions, instruction set, threads, device. */
const profile = z
  .record(z.string(), z.string())
  .refine(isProfile, `not up to ${FACT_LIMIT} facts of up to ${LABEL_LIMIT} printable characters`);

const hello = z.strictObject({
  type: z.literal('hello'),
  protocol: count,
  backend: label,
  device: label,
  profile,
  threads: positive,
  name: workerName,
  metricsPort: port.nullable(),
  session: hex(32).nullable(),
});

const welcome = z.strictObject({
  type: z.literal('welcome'),
  incarnation,
  run: label,
  worker: workerName,
  session: hex(32),
  ...runDefinition.shape,
  /** Seconds without any message after which either side gives the other up. */
  silenceSeconds: z.number().min(1).max(SILENCE_LIMIT_SECONDS),
});

const snapshot = z.strictObject({ type: z.literal('snapshot'), incarnation, version: count, fingerprint });

/** The engine is warm and its arithmetic known; a snapshot may come. */
const ready = z.strictObject({
  type: z.literal('ready'),
  incarnation,
  probe: sha256,
  probeMs: finite,
  /** Of what it chose among ways to compute, once it knew the task, where that is not the usual. */
  tuning: hex(TUNING_DIGITS).optional(),
});

/** The replica has reached a version. Without it averages could pile up in front of a worker that computes for long. */
const applied = z.strictObject({ type: z.literal('applied'), incarnation, version: count });

const lease = z.strictObject({
  type: z.literal('lease'),
  incarnation,
  lease: positive,
  version: count,
  first: count,
  count: positive,
});

const result = z.strictObject({
  type: z.literal('result'),
  incarnation,
  lease: positive,
  version: count,
  subtree,
  /** Of the replica that the gradient was computed from. */
  fingerprint,
  computeMs: finite,
  queueMs: finite,
});

/** What the optimizer's step needs besides the average; which names there are is the optimizer's affair. */
const stepScalars = z
  .record(z.string().regex(SCALAR_NAME), finite)
  .refine((each) => Object.keys(each).length <= STEP_SCALAR_LIMIT, `not up to ${STEP_SCALAR_LIMIT} scalars`);

const average = z.strictObject({
  type: z.literal('average'),
  incarnation,
  /** The version the average applies to; the replica is one version later afterwards. */
  version: count,
  /** Absent for a skipped step, which has no payload either. */
  scalars: stepScalars.nullable(),
});

/** The worker does not keep up with the others: it gets no averages and no leases until a snapshot comes. */
const parked = z.strictObject({
  type: z.literal('parked'),
  incarnation,
  /** What it took and applied of averages and snapshots, and what it would have to. */
  bytesPerSecond: count,
  neededBytesPerSecond: count,
});

/** States of a run that a worker is told when they begin, or when it joins during one. */
export const TOLD_STATES = ['running', 'paused', 'stopping'] as const;

/** The operator paused the run, let it go on, or stopped it: why there is no work, and that there will be some again. */
const state = z.strictObject({ type: z.literal('state'), incarnation, state: z.enum(TOLD_STATES) });

/** The worker is to finish what it was asked for, say `leave` and end. */
const drain = z.strictObject({ type: z.literal('drain'), incarnation, reason: sentence });

const resync = z.strictObject({ type: z.literal('resync'), incarnation, version: count, fingerprint });
const counters = z
  .record(label, finite)
  .refine((each) => Object.keys(each).length <= COUNTER_LIMIT, `not up to ${COUNTER_LIMIT} counters`);
const stats = z.strictObject({ type: z.literal('stats'), incarnation, counters });
const ping = z.strictObject({ type: z.literal('ping'), incarnation, id: count });
const pong = z.strictObject({ type: z.literal('pong'), incarnation, id: count });
const refuse = z.strictObject({
  type: z.literal('refuse'),
  code,
  sentence,
  retry: z.enum(['now', 'later', 'never']),
});
const done = z.strictObject({ type: z.literal('done'), incarnation, reason: sentence });
const leave = z.strictObject({ type: z.literal('leave'), incarnation, reason: sentence });

const fromWorker = z.discriminatedUnion('type', [
  hello,
  ready,
  applied,
  result,
  resync,
  stats,
  ping,
  pong,
  refuse,
  leave,
]);
const fromCoordinator = z.discriminatedUnion('type', [
  welcome,
  snapshot,
  lease,
  average,
  parked,
  state,
  drain,
  ping,
  pong,
  refuse,
  done,
]);

export type WorkerMessage = z.infer<typeof fromWorker>;
export type CoordinatorMessage = z.infer<typeof fromCoordinator>;
export type Message = WorkerMessage | CoordinatorMessage;
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

/** Characters of a peer that a refusal repeats. */
const ECHO_LIMIT = 40;
const ISSUE_LIMIT = 200;

/** A refusal that fits its schema, whatever the sentence. @param retry where it is not what the code says. */
export function refusal(code: RefusalCode, sentence: string, retry: Retry = REFUSALS[code]): MessageOf<'refuse'> {
  return { type: 'refuse', code, sentence: sentenceOf(sentence), retry };
}

/** A checked message with its payload. */
export interface Received<M> {
  readonly message: M;
  readonly payload: Uint8Array;
}

/** @throws ProtocolError `frame-malformed`, `message-invalid`, or `protocol-version` for a hello of another version. */
export function decodeFromWorker(bytes: Uint8Array): Received<WorkerMessage> {
  return decode(bytes, fromWorker);
}

/** @throws ProtocolError `frame-malformed` or `message-invalid`. */
export function decodeFromCoordinator(bytes: Uint8Array): Received<CoordinatorMessage> {
  return decode(bytes, fromCoordinator);
}

function decode<M>(bytes: Uint8Array, schema: z.ZodType<M>): Received<M> {
  const { header, payload } = decodeFrame(bytes);
  refuseOtherVersion(header);
  const parsed = schema.safeParse(header);
  if (!parsed.success) {
    throw new ProtocolError('message-invalid', `the message is not one of the protocol${issueOf(parsed.error)}`);
  }
  return { message: parsed.data, payload };
}

/**
 * Where the first problem is and what it is. Names of fields that a peer made up are its words: cut short, and none that
 * cannot be printed.
 */
function issueOf({ issues: [issue] }: z.ZodError): string {
  const where = issue.path.length > 0 ? ` at ${printable(issue.path.join('.'), ECHO_LIMIT)}` : '';
  if (issue.code === 'unrecognized_keys') {
    const [first] = issue.keys;
    return `${where}: it has ${issue.keys.length} unknown fields, the first is ${printable(first, ECHO_LIMIT)}`;
  }
  // A union of messages names every type it knows: that is ours, and long enough.
  return `${where}: ${printable(issue.message, ISSUE_LIMIT)}`;
}

/** Looked at before the schema: another version's hello need not fit this one's. */
function refuseOtherVersion(header: unknown): void {
  const { type, protocol } = Object(header) as { type?: unknown; protocol?: unknown };
  if (type !== 'hello' || typeof protocol !== 'number' || protocol === PROTOCOL_VERSION) return;
  throw new ProtocolError(
    'protocol-version',
    `the coordinator speaks protocol ${PROTOCOL_VERSION}, the worker ${String(protocol)}: use the same Gradcast version on both`,
  );
}
