import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { event, nowOf, snapshotOf, worker } from './for-tests/snapshot.ts';
import { MOST_EVENTS, withEvent, withGap, withNow, withSnapshot } from './model.ts';

const begun = (changes = {}) => withSnapshot(undefined, snapshotOf(changes));
const seqs = (model: ReturnType<typeof begun>) => model.events.map(({ seq }) => seq);

describe('events', () => {
  it('are in the log once, at their places, however they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ seq: fc.integer({ min: 1, max: 40 }), bySnapshot: fc.boolean() }), { maxLength: 60 }),
        (arrivals) => {
          let model = begun();
          for (const { seq, bySnapshot } of arrivals) {
            const one = event(seq, 'saved');
            model = bySnapshot ? withSnapshot(model, snapshotOf({ events: [one] })) : withEvent(model, one);
          }
          const expected = [...new Set(arrivals.map(({ seq }) => seq))].sort((a, b) => a - b);
          expect(seqs(model)).toEqual(expected);
        },
      ),
    );
  });

  it('that pass with every step make room for the others', () => {
    let model = begun({ events: [event(1, 'joined', { name: 'a' })] });
    for (let seq = 2; seq <= MOST_EVENTS + 50; seq++) model = withEvent(model, event(seq, 'step-closed'));
    expect(model.events).toHaveLength(MOST_EVENTS);
    expect(seqs(model)[0]).toBe(1);
  });

  it('that were missed are counted', () => {
    expect(withGap(withGap(begun(), 3), 4).missed).toBe(7);
    expect(withSnapshot(withGap(begun(), 3), snapshotOf()).missed).toBe(3);
  });
});

describe('the state', () => {
  it('is what the newest event says until more is heard, for none comes once a run is over', () => {
    const states = (events: readonly object[]) =>
      events.reduce<ReturnType<typeof begun>>((m, one, i) => withEvent(m, event(10 + i, 'state', { ...one })), begun())
        .now;
    expect(states([{ to: 'stopping' }, { to: 'stopped' }]).state).toBe('stopped');
    expect(states([{ to: 'running', pausing: true }]).pausing).toBe(true);
    expect(states([{ to: { odd: 1 } }]).state).toBe('running');
    expect(withEvent(begun({ events: [event(20, 'saved')] }), event(5, 'state', { to: 'paused' })).now.state).toBe(
      'running',
    );
  });
});

describe('those who are gone', () => {
  const left = event(5, 'left', { worker: 'b', why: 'lost', reason: 'its connection broke' });

  it('are known from the moment that they left until they are back', () => {
    const gone = withEvent(begun(), left);
    expect(gone.gone).toEqual([{ name: 'b', why: 'lost', reason: 'its connection broke', time: 905 }]);
    expect(withEvent(gone, event(6, 'joined', { name: 'b' })).gone).toEqual([]);
    expect(withNow(gone, nowOf()).gone).toEqual([]);
    expect(withNow(gone, nowOf({ workers: [worker('a')] })).gone).toHaveLength(1);
  });

  it('are found in a snapshot', () => {
    const snapshot = { events: [left], now: nowOf({ workers: [worker('a')] }) };
    expect(begun(snapshot).gone.map(({ name }) => name)).toEqual(['b']);
  });

  it('have words of peers that are text, whatever they are', () => {
    const odd = withEvent(begun(), event(5, 'left', { worker: { toString: 1 }, why: 7, reason: ['<b>'] }));
    expect(odd.gone[0]).toMatchObject({ name: '', why: '', reason: '' });
  });
});

describe('curves', () => {
  it('grow by lines, each step once, and by scores', () => {
    const others = { time: 1, images: 2, phase_compute_seconds: 1, judge: 'j', nothing: null };
    const line = (step: number) => ({ step, loss_g: step / 2, ...others });
    let model = begun({ curves: { loss_g: [[1], [0.5]] } });
    model = withNow(model, nowOf({ lines: [line(1), line(2)] }));
    model = withNow(model, nowOf({ lines: [line(2), line(3)] }));
    model = withEvent(model, event(9, 'evaluated', { step: 2, frechet: 50, precision: 'x' }));
    expect(model.curves).toEqual({
      loss_g: [
        [1, 2, 3],
        [0.5, 1, 1.5],
      ],
      frechet: [[2], [50]],
    });
  });

  it('stay bounded', () => {
    let model = begun();
    for (let step = 1; step < 5000; step++) model = withNow(model, nowOf({ lines: [{ step, x: step }] }));
    const [steps, values] = model.curves['x'];
    expect(steps.length).toBeLessThanOrEqual(2048);
    expect(steps).toEqual(values);
    expect(steps.at(-1)).toBe(4999);
  });
});

describe('grids and troubles', () => {
  it('come with their events, in order', () => {
    const model = [40, 20, 40].reduce(
      (m, step, i) => withEvent(m, event(10 + i, 'sampled', { step })),
      begun({ grids: [60] }),
    );
    expect(model.grids).toEqual([20, 40, 60]);
  });

  it('begin and end', () => {
    const began = { trouble: 'collapse', began: true, step: 7, sentence: 's', advice: 'a' };
    const model = withEvent(begun(), event(5, 'trouble', began));
    expect(model.troubles).toEqual({ collapse: { sentence: 's', advice: 'a', step: 7 } });
    expect(withEvent(model, event(6, 'trouble', { ...began, began: false })).troubles).toEqual({});
  });
});
