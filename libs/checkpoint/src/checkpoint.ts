/**
 * A checkpoint: the whole state of a run at one version, in one safetensors file. `__metadata__` says what the
 * tensors are and carries a SHA-256 over the entire file, header included, with the digest itself read as zeros.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { systemCode, writeAtomically } from '@gradcast/files';
import { CheckpointError } from './errors.ts';
import type { LedgerPosition } from '@gradcast/ledger';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import type { DecodedSafetensors, StoredTensor } from './safetensors.ts';

/** The format this code writes, and the newest it reads. */
export const CHECKPOINT_FORMAT = 1;

/** `readFile` takes no more. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

const NO_DIGEST = '0'.repeat(64);
const DIGEST_FIELD = /"sha256":"([0-9a-f]{64})"/;

/** Everything about a state that is not a tensor. */
export interface CheckpointInfo {
  /** The version of the state: steps closed so far. */
  readonly step: number;
  /** The run's resolved configuration; any JSON value. */
  readonly config: unknown;
  /** Where each tensor lies in the flat vectors; any JSON value. */
  readonly manifest: unknown;
  /** The numeric profile within which the state's bits can be repeated; any JSON value. */
  readonly profile: unknown;
  /** How many times a coordinator has opened this run. */
  readonly incarnation: number;
  /** Lines of the ledger up to this step, the chain of the last of them in hex, and where that line ends. */
  readonly ledger: LedgerPosition;
  /** Further facts, such as the digests of the state; none of the names above. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** A state and what is known about it. */
export interface Checkpoint {
  readonly info: CheckpointInfo;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

/** What writing a checkpoint gave. */
export interface WrittenCheckpoint {
  readonly path: string;
  readonly step: number;
  readonly bytes: number;
  /** The digest inside the file, in hex. */
  readonly sha256: string;
}

const FACT = 'fact.';

/**
 * Writes a checkpoint atomically. The tensors must not change until this settles.
 *
 * @throws CheckpointError `checkpoint-write`; an older file of that name is untouched then.
 */
export async function writeCheckpoint(path: string, { info, tensors }: Checkpoint): Promise<WrittenCheckpoint> {
  const { step, config, manifest, profile, incarnation, ledger, facts = {} } = info;
  const metadata: Record<string, string> = {
    sha256: NO_DIGEST,
    format: String(CHECKPOINT_FORMAT),
    step: String(step),
    config: JSON.stringify(config),
    manifest: JSON.stringify(manifest),
    profile: JSON.stringify(profile),
    incarnation: String(incarnation),
    ledger_length: String(ledger.length),
    ledger_head: ledger.head,
  };
  if (ledger.place) {
    metadata['ledger_part'] = String(ledger.place.part);
    metadata['ledger_offset'] = String(ledger.place.offset);
  }
  for (const [name, fact] of Object.entries(facts)) metadata[FACT + name] = fact;
  const chunks = encodeSafetensors({ tensors, metadata });
  const sha256 = digest(chunks);
  const [header] = chunks;
  const place = digestPlace(header);
  header.set(new TextEncoder().encode(sha256), place);
  try {
    await writeAtomically(path, chunks);
  } catch (cause) {
    throw new CheckpointError('checkpoint-write', `the checkpoint ${path} cannot be written (${systemCode(cause)})`, {
      cause,
    });
  }
  return { path, step, bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0), sha256 };
}

/**
 * Reads a checkpoint and checks all of it: lengths, header, format and digest.
 *
 * @throws CheckpointError `checkpoint-missing`, `checkpoint-truncated`, `checkpoint-corrupt`, or `checkpoint-format`
 *   if a newer version wrote it or it is another kind of safetensors file.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readBounded(path);
  const decoded = decodeSafetensors(bytes, path);
  checkFormat(decoded, path);
  checkDigest(decoded, bytes, path);
  return { info: parseInfo(decoded, path), tensors: decoded.tensors };
}

async function readBounded(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new CheckpointError('checkpoint-missing', `there is no checkpoint ${path}`);
  if (found.size > MAX_FILE_BYTES) {
    throw new CheckpointError('checkpoint-corrupt', `${path} is damaged: no checkpoint has ${found.size} bytes`);
  }
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CheckpointError('checkpoint-missing', `the checkpoint ${path} cannot be read`, { cause });
  }
}

function checkFormat({ metadata }: DecodedSafetensors, path: string): void {
  const { format = '', sha256 = '' } = metadata;
  if (!/^[1-9][0-9]{0,8}$/.test(format) || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new CheckpointError('checkpoint-format', `${path} is a safetensors file, but not a Gradcast checkpoint`);
  }
  if (Number(format) > CHECKPOINT_FORMAT) {
    throw new CheckpointError(
      'checkpoint-format',
      `${path} has checkpoint format ${format}; this version of Gradcast reads up to ${CHECKPOINT_FORMAT}`,
    );
  }
}

function checkDigest({ metadata, headerBytes }: DecodedSafetensors, bytes: Uint8Array, path: string): void {
  const header = bytes.slice(0, headerBytes);
  const place = digestPlace(header);
  header.fill(0x30, place, place + NO_DIGEST.length);
  if (digest([header, bytes.subarray(headerBytes)]) !== metadata['sha256']) {
    throw new CheckpointError('checkpoint-corrupt', `${path} is damaged: its SHA-256 does not match its bytes`);
  }
}

/**
 * Offset of the digest's 64 characters, or 0 if there is none. The field cannot be imitated inside another value,
 * where JSON writes its quotes with backslashes.
 */
function digestPlace(header: Uint8Array): number {
  const text = Buffer.from(header.buffer, header.byteOffset, header.byteLength).toString('latin1');
  const match = DIGEST_FIELD.exec(text);
  return match ? match.index + '"sha256":"'.length : 0;
}

function digest(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

function parseInfo({ metadata }: DecodedSafetensors, path: string): CheckpointInfo {
  const text = (name: string): string => {
    if (Object.hasOwn(metadata, name)) return metadata[name];
    throw new CheckpointError('checkpoint-corrupt', `${path} is damaged: it does not say its ${name}`);
  };
  const count = (name: string): number => {
    const value = Number(text(name));
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new CheckpointError('checkpoint-corrupt', `${path} is damaged: its ${name} is not a count`);
  };
  const json = (name: string): unknown => {
    try {
      return JSON.parse(text(name));
    } catch (cause) {
      if (cause instanceof CheckpointError) throw cause;
      throw new CheckpointError('checkpoint-corrupt', `${path} is damaged: its ${name} is not JSON`, { cause });
    }
  };
  // Checkpoints of earlier versions do not say where in the ledger they stand.
  const place = Object.hasOwn(metadata, 'ledger_part')
    ? { place: { part: count('ledger_part'), offset: count('ledger_offset') } }
    : {};
  const facts = Object.entries(metadata).filter(([name]) => name.startsWith(FACT));
  return {
    step: count('step'),
    config: json('config'),
    manifest: json('manifest'),
    profile: json('profile'),
    incarnation: count('incarnation'),
    ledger: { length: count('ledger_length'), head: text('ledger_head'), ...place },
    facts: Object.fromEntries(facts.map(([name, fact]) => [name.slice(FACT.length), fact])),
  };
}
