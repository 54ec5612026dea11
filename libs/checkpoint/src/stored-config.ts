/**
 * The configuration in a checkpoint, from its header alone: the command wants it before anything is started, and a
 * checkpoint has tens of megabytes.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { CheckpointError } from './errors.ts';
import { announcedBytes, LENGTH_BYTES, readHeader } from './safetensors.ts';

/**
 * @returns the JSON value; nothing else about the file was checked.
 * @throws CheckpointError if there is no sound header with a configuration; an error of the file system.
 */
export function readStoredConfig(path: string): unknown {
  const file = openSync(path, 'r');
  try {
    const bytes = announcedBytes(firstBytes(file, LENGTH_BYTES), path);
    const { header } = readHeader(firstBytes(file, bytes), path);
    const { config } = Object(header.__metadata__) as { config?: unknown };
    if (typeof config !== 'string') throw new CheckpointError('checkpoint-corrupt', `${path} has no configuration`);
    return JSON.parse(config);
  } finally {
    closeSync(file);
  }
}

function firstBytes(file: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, readSync(file, bytes, { position: 0 }));
}
