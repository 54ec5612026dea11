/**
 * What the states of a run mean for its workers, its clocks and its files. Run control decides; here it is done, and told.
 */
import { performance } from 'node:perf_hooks';
import type { RunStateName } from '../events.ts';
import type { Services } from './context.ts';
import type { RunControl, RunState } from './control.ts';

/** Who does what the state of a run says. */
interface Obedient {
  readonly fleet: Pick<Services['fleet'], 'stop' | 'hold' | 'release'>;
  readonly saving: Pick<Services['saving'], 'now'>;
  readonly telemetry: Pick<Services['telemetry'], 'stream' | 'throughput'>;
  readonly accounts: Pick<Services['accounts'], 'paused'>;
}

/** Does what each state asks for, and makes every change an event. @returns what ends that. */
export function obey(
  control: Pick<RunControl, 'state' | 'onChange'>,
  { fleet, saving, telemetry, accounts }: Obedient,
  now: () => number = () => performance.now(),
): () => void {
  let pausedAt = 0;
  const act = ({ name }: RunState, before: RunStateName) => {
    if (before === 'paused') {
      telemetry.throughput.postpone(now() - pausedAt);
      accounts.paused(now() - pausedAt);
    }
    if (name === 'stopping') return fleet.stop();
    if (before === 'paused') fleet.release();
    if (name !== 'paused') return;
    pausedAt = now();
    fleet.hold();
    // Who pauses a run may be about to turn something off.
    void saving.now();
  };
  // It may have been stopped while the services were opened.
  if (control.state.name === 'stopping') fleet.stop();
  return control.onChange((state, before, cause) => {
    const [from, to] = [before.name, state.name];
    if (to !== from) act(state, from);
    telemetry.stream.publish({ type: 'state', from, to, pausing: state.pausing, cause });
  });
}
