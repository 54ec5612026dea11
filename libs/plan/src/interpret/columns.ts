/** Sums over rows, in parts and ended. */
import { columnNumbers } from '../launch.ts';
import type { ColumnsEndLaunch, ColumnsLaunch } from '../launch.ts';
import type { Memory } from './memory.ts';

export function columns(launch: ColumnsLaunch, memory: Memory): void {
  const { of, rows, channels, parts, classes, rowsPerSample } = launch;
  const [out, input] = [memory.of(launch.out), memory.of(launch.input)];
  const [x, moments, weights, labels] = [launch.x, launch.moments, launch.weights, launch.labels].map(
    (ref) => ref && memory.of(ref),
  );
  const numbers = columnNumbers(launch);
  const perPart = Math.ceil(rows / parts);
  for (let part = 0; part < parts; part++) {
    const from = part * perPart;
    const to = Math.min(rows, from + perPart);
    for (let c = 0; c < channels; c++) {
      const sums = new Float64Array(numbers);
      if (of === 'moments') {
        for (let row = from; row < to; row++) sums[0] += input[row * channels + c] / (to - from);
        for (let row = from; row < to; row++) sums[1] += (input[row * channels + c] - sums[0]) ** 2;
      } else {
        for (let row = from; row < to; row++) {
          const sample = Math.floor(row / rowsPerSample);
          const v = input[row * channels + c] * (weights ? weights[sample] : 1);
          const own = labels ? labels[sample] : 0;
          sums[own] += v;
          if (of === 'norm-gradient') {
            sums[classes + own] += v * (x![row * channels + c] - moments![c]) * moments![channels + c];
          }
        }
      }
      for (let number = 0; number < numbers; number++) {
        out[(part * numbers + number) * channels + c] = sums[number];
      }
    }
  }
}

export function columnsEnd(launch: ColumnsEndLaunch, memory: Memory): void {
  const { of, rows, channels, parts, classes, epsilon } = launch;
  const input = memory.of(launch.input);
  const [out, first, second, gamma] = [launch.out, launch.first, launch.second, launch.gamma].map(
    (ref) => ref && memory.of(ref),
  );
  const numbers = columnNumbers(launch);
  const partOf = (part: number, number: number, c: number) => input[(part * numbers + number) * channels + c];
  const sum = (number: number, c: number) => {
    let total = 0;
    for (let part = 0; part < parts; part++) total += partOf(part, number, c);
    return total;
  };
  for (let c = 0; c < channels; c++) {
    if (of === 'moments') {
      const perPart = Math.ceil(rows / parts);
      let [count, mean, distance] = [0, 0, 0];
      for (let part = 0; part < parts; part++) {
        const more = Math.min(rows, (part + 1) * perPart) - part * perPart;
        const apart = partOf(part, 0, c) - mean;
        mean += (apart * more) / (count + more);
        distance += partOf(part, 1, c) + (apart * apart * count * more) / (count + more);
        count += more;
      }
      const variance = distance / rows;
      if (out) [out[c], out[channels + c]] = [mean, 1 / Math.sqrt(variance + epsilon)];
      if (first) first[c] = mean;
      if (second) second[c] = variance;
      continue;
    }
    let [plain, normalized] = [0, 0];
    for (let label = 0; label < classes; label++) {
      const place = label * channels + c;
      const byBeta = sum(label, c);
      if (of === 'sum') {
        if (out) out[place] = byBeta;
        continue;
      }
      const byGamma = sum(classes + label, c);
      if (first) first[place] = byBeta;
      if (second) second[place] = byGamma;
      if (!gamma) continue;
      plain += gamma[place] * byBeta;
      normalized += gamma[place] * byGamma;
    }
    if (of === 'norm-gradient' && out) [out[c], out[channels + c]] = [plain, normalized];
  }
}
