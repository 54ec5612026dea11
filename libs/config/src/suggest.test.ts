import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, nearest } from './suggest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['steps', 'steps', 0],
    ['setps', 'steps', 1],
    ['step', 'steps', 1],
    ['kitten', 'sitting', 3],
  ])('%j to %j is %d', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe('nearest', () => {
  const known = ['steps', 'save-every', 'save-seconds', 'seed'];
  it('forgives swapped letters, underscores and capitals', () => {
    expect(nearest('setps', known)).toBe('steps');
    expect(nearest('SAVE_EVRY', known)).toBe('save-every');
  });
  it('completes a beginning', () => {
    expect(nearest('save-sec', known)).toBe('save-seconds');
  });
  it('stays silent when nothing is near or the input is absurdly long', () => {
    expect(nearest('quantum', known)).toBeNull();
    expect(nearest('s'.repeat(100_000), known)).toBeNull();
    expect(didYouMean('quantum', known)).toBe('');
  });
  it('makes a question of it', () => {
    expect(didYouMean('sed', known, (name) => `--${name}`)).toBe(' (did you mean --seed?)');
  });
});
