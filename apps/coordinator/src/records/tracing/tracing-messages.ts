/** What passes between the coordinator and the thread that sends spans. */
import type { SpanCounts } from './span-sender.ts';
import type { StepClock, TracedStep } from './step-trace.ts';
import type { Collector } from './post-spans.ts';

/** What the thread is started with. */
export type TracingSettings = Collector;

export type TracingRequest =
  | { readonly kind: 'step'; readonly record: TracedStep; readonly clock: StepClock }
  /** Nothing more comes: send what is left. */
  | { readonly kind: 'close' };

export type TracingReply =
  | { readonly kind: 'counts'; readonly counts: SpanCounts }
  /** One more step was taken in. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'closed' };
