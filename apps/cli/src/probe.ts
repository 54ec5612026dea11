/** A process of its own that tries one backend and reports on its standard output; see `processProber`. */
import { runProbe } from '@gradcast/backends-node';

await runProbe(process.argv[2] ?? '{}', (line) => process.stdout.write(line));
