/**
 * Reads the text that Prometheus scrapes, as far as ours needs: samples with labels, no timestamps.
 *
 * Source: "Exposition formats", Prometheus documentation.
 */

export type Labels = Readonly<Partial<Record<string, string>>>;

export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/gy;
const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** All samples whose name begins with `prefix`; lines that are none are passed over. */
export function prometheusSamples(text: string, prefix: string): Sample[] {
  return text.split('\n').flatMap((line): Sample[] => {
    if (!line.startsWith(prefix)) return [];
    const match = SAMPLE.exec(line);
    if (!match) return [];
    const [, name, labels = '', value] = match;
    return [{ name, labels: labelsOf(labels), value: Number(value) }];
  });
}

function labelsOf(text: string): Labels {
  const pairs = [...text.matchAll(LABEL)].map(([, name, value]) => [
    name,
    value.replaceAll(/\\[n"\\]/g, (escape) => ESCAPES[escape]),
  ]);
  return Object.fromEntries(pairs) as Labels;
}
