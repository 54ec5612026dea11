/**
 * Asks a probe's address again and again, in a process of its own: what else the soak does must not be taken for the
 * coordinator's slowness. Tells its parent how many milliseconds each answer took.
 *
 *     fork('test/soak/prober.mjs', [URL])
 */
import { request } from 'node:http';
import { performance } from 'node:perf_hooks';

const EVERY_MS = 250;
/** An answer that takes longer, or is none, counts as this long. */
const PATIENCE_MS = 10_000;

const [, , url] = process.argv;
setInterval(() => void ask().then((ms) => process.send(ms)), EVERY_MS);
process.once('disconnect', () => process.exit());

/** A connection of its own for each, as a probe of Kubernetes opens one. */
function ask() {
  const since = performance.now();
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, timeout: PATIENCE_MS }, (response) => {
      const ms = performance.now() - since;
      response.resume().once('end', () => resolve(response.statusCode === 200 ? ms : PATIENCE_MS));
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer')));
    asked.once('error', () => resolve(PATIENCE_MS)).end();
  });
}
