import { describe, expect, it } from 'vitest';
import { TICKET_SECONDS, Tickets } from './tickets.ts';

function harness() {
  const time = { now: 1000 };
  return { time, tickets: new Tickets(() => time.now) };
}

describe('a ticket', () => {
  it('is good once', () => {
    const { tickets } = harness();
    const [first, second] = [tickets.issue(), tickets.issue()];
    expect(first).not.toBe(second);
    expect([first, first, second].map((each) => tickets.take(each))).toEqual([true, false, true]);
    expect(tickets.size).toBe(0);
  });

  it('is no other word', () => {
    const { tickets } = harness();
    const ticket = tickets.issue();
    for (const forged of ['', 'x', `${ticket}x`, ticket.slice(1), ticket.toLowerCase()]) {
      expect(tickets.take(forged)).toBe(forged === ticket);
    }
    expect(tickets.take(ticket)).toBe(true);
  });

  it('is good for so long and no longer', () => {
    const { tickets, time } = harness();
    const [early, late] = [tickets.issue(), tickets.issue()];
    time.now += TICKET_SECONDS * 1000 - 1;
    expect(tickets.take(early)).toBe(true);
    time.now += 1;
    expect(tickets.take(late)).toBe(false);
  });

  it('is forgotten with all others', () => {
    const { tickets } = harness();
    const ticket = tickets.issue();
    tickets.forget();
    expect(tickets.take(ticket)).toBe(false);
  });

  it('is one of a bounded number, of which the newest count', () => {
    const { tickets, time } = harness();
    const issued = Array.from({ length: 5000 }, () => tickets.issue());
    expect(tickets.size).toBe(4096);
    expect([issued[0], issued[4999]].map((each) => tickets.take(each))).toEqual([false, true]);
    time.now += TICKET_SECONDS * 1000;
    tickets.issue();
    expect(tickets.size).toBe(1);
  });
});
