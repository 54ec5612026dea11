/**
 * Faults as values: who, at which step, in which phase, what. A test writes them down, {@link FaultProxy} makes them
 * happen, and the same list makes them happen again.
 */

/** The party that is the coordinator itself; every other name is a worker's. */
export const COORDINATOR = 'coordinator';

/**
 * Where in a step a fault hits, as seen on the wire: a lease of the step, a result of it, or its average goes by; or
 * the coordinator has begun to write a checkpoint.
 */
export type Phase = 'leased' | 'result' | 'average' | 'checkpoint';

/** What happens to a process: it is killed, or stopped and continued. */
export type ProcessFault = { readonly kind: 'kill' } | { readonly kind: 'stop'; readonly ms: number };

/** What happens to a worker's connection. */
export type LinkFault =
  /** Both directions carry so many bytes a second, for so long. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number; readonly ms: number }
  /** The connection is reset. */
  | { readonly kind: 'drop' }
  /** The connection stays open, but nothing gets through any more, in either direction. */
  | { readonly kind: 'half-open' };

/** What happens to a result on its way. */
export type ResultFault =
  | { readonly kind: 'duplicate-result' }
  | { readonly kind: 'late-result'; readonly ms: number }
  /** Bits are flipped in the header itself or in the field that tells its length. */
  | { readonly kind: 'corrupt-frame'; readonly where: 'header' | 'length' }
  /** The payload lacks its last floats. */
  | { readonly kind: 'wrong-shape'; readonly floats: number }
  | { readonly kind: 'nan' }
  /** The fingerprint is of another replica. */
  | { readonly kind: 'wrong-replica' }
  /** One float differs; everything else is as it should be. */
  | { readonly kind: 'wrong-gradient' };

export type Fault = ProcessFault | LinkFault | ResultFault;

/** A fault and where it hits: once, at the first frame that fits. */
export interface PlannedFault {
  /** {@link COORDINATOR}, or the worker's name as the coordinator calls it. */
  readonly party: string;
  /** The step, counted from 1, or the first one after it in which the phase is seen. */
  readonly step: number;
  readonly phase: Phase;
  readonly fault: Fault;
}

/** Whether a fault changes the result that it hits. */
export function isResultFault(fault: Fault): fault is ResultFault {
  switch (fault.kind) {
    case 'kill':
    case 'stop':
    case 'slow':
    case 'drop':
    case 'half-open':
      return false;
    case 'duplicate-result':
    case 'late-result':
    case 'corrupt-frame':
    case 'wrong-shape':
    case 'nan':
    case 'wrong-replica':
    case 'wrong-gradient':
      return true;
    default:
      return fault satisfies never;
  }
}

/** Whether a fault hits a process, not a connection. */
export function isProcessFault(fault: Fault): fault is ProcessFault {
  return fault.kind === 'kill' || fault.kind === 'stop';
}

/** @throws RangeError if the fault can never hit what it names. */
export function checkFault({ party, step, phase, fault }: PlannedFault): void {
  if (!Number.isSafeInteger(step) || step < 1) throw new RangeError(`steps are counted from 1, not ${step}`);
  if (party === COORDINATOR && !isProcessFault(fault)) {
    throw new RangeError(`${fault.kind} happens to a worker's connection, not to the coordinator`);
  }
  if (phase === 'checkpoint' && party !== COORDINATOR) {
    throw new RangeError('checkpoints are written by the coordinator alone');
  }
  if (isResultFault(fault) && phase !== 'result') throw new RangeError(`${fault.kind} happens to a result`);
}
