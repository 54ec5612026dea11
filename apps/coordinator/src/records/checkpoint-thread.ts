/** Thread that hashes and writes checkpoints. */
import { parentPort } from 'node:worker_threads';
import { serveCheckpointWriter } from '@gradcast/checkpoint';

if (parentPort) serveCheckpointWriter(parentPort);
