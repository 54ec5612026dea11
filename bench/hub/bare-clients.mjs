/** Clients of the bare exchange: each answers every message at once with one buffer of its own. */
import { serveParent, tellFailure } from '../forked.mjs';

serveParent({
  join: async ({ library, url, clients, bytesUp }) => {
    const { connect } = await import(library);
    for (let client = 0; client < clients; client++) {
      const answer = new Uint8Array(bytesUp).fill(1);
      const connection = connect(
        { url, token: null },
        {
          opened: () => undefined,
          message: () => connection.send(answer),
          closed: ({ sentence }) => tellFailure(sentence),
        },
      );
    }
  },
});
