import { describe, expect, it } from 'vitest';
import { namesUs } from './own-names.ts';

const machine = 'gpu1.example.org';

describe('namesUs', () => {
  it.each(['127.0.0.1:9464', '127.8.9.10', 'localhost:1', 'LOCALHOST', '[::1]:9464', '[::1]', 'localhost.'])(
    'takes loopback for us, wherever we are bound: %s',
    (header) => {
      expect(namesUs(header, { bound: '127.0.0.1', machine })).toBe(true);
      expect(namesUs(header, { bound: '0.0.0.0', machine })).toBe(true);
    },
  );

  it.each([
    '10.0.0.7:9464',
    '[fd00::7]:9464',
    'coordinator:9464',
    'gradcast-coordinator.train.svc:9464',
    'gradcast-coordinator.train.svc.cluster.local',
    'gpu1.example.org:9464',
    'gpu1.home.arpa',
  ])('takes what a page cannot be called for us where others may reach us: %s', (header) => {
    expect(namesUs(header, { bound: '0.0.0.0', machine })).toBe(true);
    expect(namesUs(header, { bound: '127.0.0.1', machine })).toBe(false);
  });

  it.each([
    undefined,
    '',
    'evil.example:9464',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'coordinator.evil.example',
    'a b',
    'a@localhost',
    '[::1',
    'localhost:999999',
  ])('takes nothing else for us: %s', (header) => {
    for (const bound of ['127.0.0.1', '0.0.0.0', '::']) expect(namesUs(header, { bound, machine })).toBe(false);
  });

  it('takes further names that were given', () => {
    const also = ['Metrics.example.org'];
    for (const bound of ['127.0.0.1', '0.0.0.0']) {
      expect(namesUs('metrics.example.org:443', { bound, machine, also })).toBe(true);
      expect(namesUs('other.example.org:443', { bound, machine, also })).toBe(false);
    }
  });
});
