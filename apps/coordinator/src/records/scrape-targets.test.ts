import { describe, expect, it } from 'vitest';
import type { WorkerView } from '../events.ts';
import { scrapeTargets } from './scrape-targets.ts';

function worker(changes: Partial<WorkerView>): WorkerView {
  return {
    name: 'w',
    backend: 'wasm',
    device: 'cpu',
    address: '10.0.0.7',
    metricsPort: 9464,
    role: 'worker',
    isLocal: false,
    state: 'idle',
    quarantine: null,
    ...changes,
  };
}
const hosts = (workers: WorkerView[], port = 9464) =>
  scrapeTargets(workers, port).map((each) => `${each.host}:${each.port}`);

describe('scrapeTargets', () => {
  it('lists a worker at its own address and the port that the operator named', () => {
    expect(scrapeTargets([worker({ name: 'a' })], 9464)).toEqual([
      { host: '10.0.0.7', port: 9464, labels: { worker: 'a', backend: 'wasm' } },
    ]);
  });

  it('lists nothing that a worker points at', () => {
    expect(hosts([worker({ metricsPort: 22 }), worker({ metricsPort: null })])).toEqual([]);
    // Behind a proxy on this machine, or by hand on it: the port is that of some service here.
    for (const address of ['127.0.0.1', '127.1.2.3', '::1']) expect(hosts([worker({ address })])).toEqual([]);
    expect(hosts([worker({})], 0)).toEqual([]);
  });

  it('believes workers of this command', () => {
    const local = { address: '127.0.0.1', isLocal: true };
    expect(hosts([worker({ ...local, metricsPort: 40001 }), worker({ ...local, metricsPort: 40002 })], 0)).toEqual([
      '127.0.0.1:40001',
      '127.0.0.1:40002',
    ]);
  });

  it('lists an address once, whatever number of workers come from it', () => {
    expect(
      scrapeTargets([worker({ name: 'a' }), worker({ name: 'b' })], 9464).map(({ labels }) => labels['worker']),
    ).toEqual(['a']);
  });
});
