/**
 * The ceiling of a step's traffic: one server and two clients on loopback over bare `ws`, a message of the parameters'
 * size to each client and one back from each, and no other work.
 */
import { fileURLToPath } from 'node:url';
import { median } from './report.mjs';
import { Together } from './processes.mjs';

/** The `tutorial` preset's flat vector of 2,540,032 float32, 10.2 MB. */
export const VECTOR_BYTES = 2_540_032 * 4;
const CLIENTS = 2;
const ROUNDS = 40;
/** Rounds before buffers and code are warm. */
const WARM_UP = 10;
const program = fileURLToPath(new URL('wire-process.mjs', import.meta.url));

/** Milliseconds of a round, median. */
export async function measureWireRound({ bytes = VECTOR_BYTES, cores }) {
  const processes = new Together();
  const command = process.execPath;
  let times = [];
  const onMessage = (message) => {
    if (message.times) times = message.times;
    else for (let index = 0; index < CLIENTS; index++) startClient(message.port);
  };
  const startClient = (port) => {
    const args = [program, 'client', String(bytes), `ws://127.0.0.1:${port}`];
    processes.start({ name: 'a bare client', command, args, cores });
  };
  const args = [program, 'server', String(bytes), String(ROUNDS)];
  processes.start({ name: 'the bare server', command, args, cores, onMessage });
  await processes.ended();
  return median(times.slice(WARM_UP));
}
