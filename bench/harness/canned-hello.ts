/** How a worker introduces itself that sends what was made beforehand. */
import { PROTOCOL_VERSION } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';

export function cannedHello(name: string): MessageOf<'hello'> {
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    backend: 'canned',
    device: 'cpu',
    profile: { backend: 'canned' },
    threads: 1,
    name,
    metricsPort: null,
    session: null,
  };
}
