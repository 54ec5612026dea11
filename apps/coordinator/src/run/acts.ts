/**
 * What is done to a run by whoever may: pause, resume, stop, drain. The control socket and the page are two ways to the same acts.
 *
 * Invariant: an act that changes something is an event that says whose it was.
 */
import type { Answer } from '@gradcast/metrics';
import { answered, refuse, textIn } from '../network/json-answers.ts';
import type { EventStream } from '../records/event-stream.ts';
import type { RunControl } from './control.ts';
import type { Fleet } from './fleet.ts';

export interface ActsOptions {
  readonly control: Pick<RunControl, 'apply' | 'state' | 'isEnding'>;
  readonly fleet: Pick<Fleet, 'drain' | 'workers'>;
  readonly stream: Pick<EventStream, 'seq'>;
  /** The step that closes next, counted from 1, and the run's last. */
  readonly step: () => number;
  readonly steps: number;
  /** Fewer workers than this compute nothing. */
  readonly minWorkers: number;
}

/** Where a run stands; `seq` is the number of the newest event. */
export interface Stand {
  readonly state: string;
  readonly pausing: boolean;
  readonly step: number;
  readonly steps: number;
  readonly seq: number;
  readonly minWorkers: number;
  readonly workers: readonly { readonly worker: string; readonly role: string; readonly state: string }[];
}

/** Workers that a sentence names. */
const NAMED = 8;

/** Each answers with whether it changed anything, and where the run stands. `by`: see `DOERS` of `libs/config`. */
export class Acts {
  readonly #options: ActsOptions;

  constructor(options: ActsOptions) {
    this.#options = options;
  }

  get stand(): Stand {
    const { control, fleet, stream, step, steps, minWorkers } = this.#options;
    const { name: state, pausing } = control.state;
    const workers = fleet.workers.map(({ name: worker, role, state }) => ({ worker, role, state }));
    return { state, pausing, step: step(), steps, seq: stream.seq, minWorkers, workers };
  }

  pause(by: string): Answer {
    return this.#change('pause', by);
  }

  resume(by: string): Answer {
    return this.#change('resume', by);
  }

  stop(by: string): Answer {
    return this.#changed(this.#options.control.apply({ kind: 'operator', operation: 'stop', by }));
  }

  /** @param body `{"worker": NAME}`. */
  drain(body: string, by: string): Answer {
    const { fleet } = this.#options;
    const worker = textIn(body, 'worker');
    if (worker === undefined) return refuse(400, 'worker-missing', 'the body is {"worker": NAME}');
    const asked = fleet.drain(worker, by);
    if (asked !== 'unknown') return this.#changed(asked === 'asked');
    const names = fleet.workers.map(({ name }) => name);
    return refuse(404, 'worker-unknown', `no worker ${JSON.stringify(worker)} is connected; ${listed(names)}`);
  }

  #change(operation: 'pause' | 'resume', by: string): Answer {
    const { control } = this.#options;
    if (control.isEnding) return refuse(409, 'run-ending', `the run goes on no more: it is ${control.state.name}`);
    return this.#changed(control.apply({ kind: 'operator', operation, by }));
  }

  #changed(changed: boolean): Answer {
    return answered({ changed, ...this.stand });
  }
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nobody is';
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more} ${names.length === 1 ? 'is' : 'are'}`;
}
