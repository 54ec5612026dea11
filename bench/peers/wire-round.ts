/**
 * The ceiling of a step's traffic: one server and two clients on loopback over bare `ws`, a message of the parameters'
 * size to each client and one back from each, and no other work.
 */
import type { Asked as ClientsAsked, Told as ClientsTold } from '../exchange/bare-clients-process.ts';
import type { Asked as ServerAsked, Told as ServerTold } from '../exchange/bare-server-process.ts';
import type { Harness } from '../harness/harness.ts';
import { median } from '../harness/statistics.ts';

/** The `tutorial` preset's flat vector of 2,540,032 float32, 10.2 MB. */
export const VECTOR_BYTES = 2_540_032 * 4;
const CLIENTS = 2;
const ROUNDS = 40;
/** Rounds before buffers and code are warm. */
const WARM_UP = 10;

/** Milliseconds of a round, median. */
export async function measureWireRound(harness: Harness, cores: readonly number[] | undefined): Promise<number> {
  const start = () => harness.startProgram<ClientsAsked, ClientsTold>('exchange/bare-clients-process.ts', { cores });
  const server = await harness.startProgram<ServerAsked, ServerTold>('exchange/bare-server-process.ts', { cores });
  const { url } = await server.ask(
    { type: 'listen', path: null, clients: CLIENTS, bytesUp: VECTOR_BYTES },
    'listening',
  );
  const clients = await Promise.all(Array.from({ length: CLIENTS }, start));
  for (const client of clients) client.send({ type: 'join', url, clients: 1, bytesUp: VECTOR_BYTES, through: 'ws' });
  await server.next('complete');
  const { times } = await server.ask({ type: 'exchange', steps: ROUNDS, bytesDown: VECTOR_BYTES }, 'exchanged');
  await Promise.all([...clients, server].map((process) => process.stop()));
  return median(times.slice(WARM_UP));
}
