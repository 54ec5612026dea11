/** Thread that encodes and sends spans, so that the step loop only says what there was. */
import { getRandomValues } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { postSpans } from './post-spans.ts';
import { SpanSender } from './span-sender.ts';
import { stepTrace } from './step-trace.ts';
import { encodeTrace } from './trace-proto.ts';
import type { TracingReply, TracingRequest, TracingSettings } from './tracing-messages.ts';

const settings = workerData as TracingSettings;
const tell = (reply: TracingReply) => parentPort?.postMessage(reply);
const random = (bytes: number) => getRandomValues(new Uint8Array(bytes));

const sender = new SpanSender({
  post: (spans) => postSpans(settings, spans),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  told: (counts) => tell({ kind: 'counts', counts }),
});

parentPort?.on('message', (request: TracingRequest) => {
  if (request.kind === 'close') return void sender.close().then(() => tell({ kind: 'closed' }));
  sender.add(encodeTrace(stepTrace(request.record, request.clock), random));
  tell({ kind: 'taken' });
});
