import { describe, expect, it } from 'vitest';
import { event } from './for-tests/snapshot.ts';
import { kindOf, shownEvents, USUAL_KINDS } from './log.ts';

describe('the log', () => {
  it('shows the newest of the kinds that are chosen first', () => {
    const events = [event(1, 'joined'), event(2, 'saved'), event(3, 'step-closed'), event(4, 'state')];
    const shown = (kinds: Parameters<typeof shownEvents>[1], most = 9) =>
      shownEvents(events, kinds, most).map(({ seq }) => seq);
    expect(shown(new Set(USUAL_KINDS))).toEqual([4, 1]);
    expect(shown(new Set(['files', 'steps']))).toEqual([3, 2]);
    expect(shown(new Set(USUAL_KINDS), 1)).toEqual([4]);
    expect(shown(new Set())).toEqual([]);
  });

  it('has what went wrong among faults, whatever it is, and what it does not know somewhere', () => {
    expect(kindOf(event(1, 'left', { why: 'lost' }))).toBe('faults');
    expect(kindOf(event(1, 'left', { why: 'drained' }))).toBe('workers');
    expect(kindOf(event(1, 'step-closed', { skipped: true }))).toBe('faults');
    expect(kindOf(event(1, 'toString'))).toBe('training');
  });
});
