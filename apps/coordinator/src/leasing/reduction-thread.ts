/** Thread that adds gradients. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ReductionSettings } from './reduction-messages.ts';
import { serveReductions } from './serve-reductions.ts';

if (parentPort) serveReductions(parentPort, workerData as ReductionSettings);
