/** Spans as OpenTelemetry means them, as far as they are used here. */

export type Attribute = string | number | boolean;
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Span {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  /** What went wrong, in a word. */
  readonly error?: string;
}

/** A trace of one step: the step, and what it was made of. */
export interface Trace {
  readonly root: Span;
  readonly children: readonly Span[];
}
