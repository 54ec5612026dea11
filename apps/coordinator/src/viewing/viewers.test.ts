import { describe, expect, it } from 'vitest';
import { EventStream } from '../records/event-stream.ts';
import { MOST_VIEWERS, Viewers } from './viewers.ts';

function harness() {
  const clock = { now: 0 };
  const state = { step: 1, looks: 0 };
  const stream = new EventStream({ wallClock: () => 0 });
  const viewers = new Viewers({
    stream,
    stand: () => {
      state.looks += 1;
      const { step } = state;
      const rest = { etaSeconds: null, workers: [], more: 0, phases: null, open: null, pausing: false };
      return { time: clock.now, state: 'running', step, steps: 9, imagesPerSecond: 1, ...rest };
    },
    now: () => clock.now,
  });
  const watch = (after?: number) => {
    const heard: string[] = [];
    const leave = viewers.add({ write: (text) => void heard.push(text) }, after);
    /** Types and numbers of what came since the last time. */
    const news = () =>
      heard.splice(0).map((text) => {
        const { seq, type } = /^(?:id: (?<seq>\d+)\n)?event: (?<type>\w+)\n/.exec(text)!.groups as Record<
          string,
          string | undefined
        >;
        return seq === undefined ? type! : `${type} ${seq}`;
      });
    return { heard, leave, news };
  };
  const save = (step = 1) => stream.publish({ type: 'saved', step, seconds: 0.5 });
  const wait = (ms: number) => {
    clock.now += ms;
    viewers.tick();
  };
  return { viewers, stream, state, watch, save, wait };
}

describe('viewers', () => {
  it('hear each event once, with its sentence, made once for all of them', () => {
    const { watch, save } = harness();
    const [a, b] = [watch(), watch()];
    save(7);
    expect([a.news(), b.heard.length]).toEqual([['opened', 'happened 1'], 2]);
    const { data } = /^id: 1\nevent: happened\ndata: (?<data>.*)\n\n$/.exec(b.heard[1])!.groups!;
    expect(JSON.parse(data)).toMatchObject({
      type: 'saved',
      step: 7,
      seq: 1,
      sentence: expect.stringMatching(/checkpoint of step 7/) as string,
    });
  });

  it('go on behind the last event that they have, or are told that some are lost', () => {
    const { watch, save } = harness();
    for (let i = 0; i < 5; i++) save();
    expect(watch(3).news()).toEqual(['opened', 'happened 4', 'happened 5']);
    expect(watch(5).news()).toEqual(['opened']);
    // Of a run that began anew, or of another one.
    const { heard } = watch(9);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain('"gap":true');
    for (let i = 0; i < 2000; i++) save();
    const late = watch(3);
    expect(late.heard[0]).toContain('"seq":2005,"gap":true');
    expect(late.heard).toHaveLength(1);
  });

  it('are told how things are four times a second while they change, once while they do not', () => {
    const { watch, wait, state } = harness();
    const { news } = watch();
    wait(0);
    expect(news()).toEqual(['opened', 'now']);
    for (let i = 0; i < 9; i++) wait(100);
    expect(news()).toEqual([]);
    wait(100);
    expect(news()).toEqual(['now']);
    state.step = 2;
    wait(250);
    expect(news()).toEqual(['now']);
  });

  it('cost nothing while there are none', () => {
    const { viewers, watch, wait, state, save } = harness();
    const closed = () => {
      throw new Error('nobody asked');
    };
    viewers.closed(closed);
    wait(5000);
    save();
    expect(state.looks).toBe(0);
    const { leave } = watch();
    expect(() => viewers.closed(closed)).toThrow('nobody asked');
    leave();
    leave();
    viewers.closed(closed);
    wait(5000);
    expect([state.looks, viewers.size]).toEqual([0, 0]);
  });

  it('hear of steps and lines since the last time', () => {
    const { viewers, watch, wait } = harness();
    const { heard } = watch();
    viewers.closed(() => ({ step: 4, time: 1, by: [['a', 2]] }));
    viewers.line({ step: 4, loss: 1 });
    wait(250);
    expect(heard.at(-1)).toContain('"closed":[{"step":4,"time":1,"by":[["a",2]]}],"lines":[{"step":4,"loss":1}]');
    wait(1000);
    expect(heard.at(-1)).toContain('"closed":[],"lines":[]');
  });

  it('are a bounded number', () => {
    const { viewers, watch } = harness();
    for (let i = 0; i < MOST_VIEWERS; i++) expect([watch(), viewers.isFull][1]).toBe(i === MOST_VIEWERS - 1);
  });

  it('that are told of one who is gone lose nothing', () => {
    const { watch, save } = harness();
    const [a, b] = [watch(), watch()];
    a.leave();
    save();
    expect([a.news(), b.news()]).toEqual([['opened'], ['opened', 'happened 1']]);
  });
});
