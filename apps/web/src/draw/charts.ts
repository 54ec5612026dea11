/** Curves on a canvas, by uPlot: lines over steps, and areas over time that stand on each other. */
import UPlot from 'uplot';
import type { AlignedData, Axis, Options, Series } from 'uplot';
import type { ViewCurve } from '@gradcast/protocol';
import { rate, short, whole } from '../format.ts';
import type { SpeedSeries } from '../speed.ts';
import type { Colours } from './colours.ts';
import { styled } from './colours.ts';
import { dot, made } from './dom.ts';

const HEIGHT = 190;
/** Fewer than this are marked one by one. */
const FEW_POINTS = 24;

export interface NamedCurve {
  readonly name: string;
  readonly curve: ViewCurve;
  /** Its colour's name in the style sheet. */
  readonly colour: string;
}

/** One chart in its place; it is made anew when what it shows changes, or the theme does. */
export class Chart {
  readonly #place: HTMLElement;
  readonly #legend: HTMLElement;
  #plot: UPlot | undefined;
  #key = '';

  constructor(place: HTMLElement, legend: HTMLElement) {
    this.#place = place;
    this.#legend = legend;
    new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  }

  /** The theme is another: colours are asked for anew. */
  forget(): void {
    this.#key = '';
  }

  lines(curves: readonly NamedCurve[]): void {
    if (curves.length === 0) return;
    const data = UPlot.join(curves.map(({ curve: [steps, values] }): AlignedData => [[...steps], [...values]]));
    const series = curves.map(({ colour }): Series => ({
      stroke: styled(colour),
      width: 2,
      spanGaps: true,
      points: { show: (plot) => plot.data[0].length < FEW_POINTS },
    }));
    this.#show(`lines ${curves.map(({ name }) => name).join()}`, {
      series,
      data,
      x: (step) => whole(step),
      time: false,
    });
    const last = curves.map(({ name, curve, colour }) => ({ name, colour, shown: short(curve[1].at(-1) ?? NaN) }));
    this.#say(last, `after step ${whole(data[0].at(-1) ?? 0)}`);
  }

  areas({ times, workers }: SpeedSeries, colours: Colours): void {
    if (times.length < 2) return;
    let below = times.map(() => 0);
    const stacked = workers.map(({ name, speeds }) => {
      below = below.map((value, i) => value + speeds[i]);
      return { name, values: below, colour: colours.of(name), last: speeds.at(-1) ?? 0 };
    });
    // The highest first, so that those below are drawn over it.
    const order = [...stacked].reverse();
    const series = order.map(({ colour }): Series => ({
      stroke: styled('card'),
      width: 1,
      fill: styled(colour),
      points: { show: false },
    }));
    const data: AlignedData = [[...times], ...order.map(({ values }) => [...values])];
    const clock = (seconds: number) => new Date(seconds * 1000).toLocaleTimeString('en-GB').slice(0, 8);
    this.#show(`areas ${workers.map(({ name }) => name).join()}`, { series, data, x: clock, time: true });
    const last = stacked.map(({ name, colour, last }) => ({ name, colour, shown: rate(last) }));
    this.#say(last, 'images per second of late');
  }

  #show(
    key: string,
    { series, data, x, time }: { series: Series[]; data: AlignedData; x: (value: number) => string; time: boolean },
  ): void {
    if (key === this.#key && this.#plot) return this.#plot.setData(data);
    this.#key = key;
    this.#plot?.destroy();
    const axis: Axis = {
      stroke: styled('soft'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: styled('line'), width: 1 },
      ticks: { show: false },
    };
    const options: Options = {
      width: this.#place.clientWidth,
      height: HEIGHT,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: !time } },
      scales: { x: { time: false }, y: time ? { range: (_, __, most) => [0, 1.08 * Math.max(most, 1e-9)] } : {} },
      axes: [
        { ...axis, grid: { show: false }, values: (_, ticks) => ticks.map(x), space: 80, size: 28 },
        { ...axis, values: (_, ticks) => ticks.map(short), size: 52 },
      ],
      series: [{}, ...series],
    };
    this.#plot = new UPlot(options, data, this.#place);
  }

  #say(last: readonly { name: string; colour: string; shown: string }[], when: string): void {
    const texts = last.map(({ name, shown }) => `${name} ${shown}`);
    const label = `${texts.slice(0, 8).join(', ')}; ${when}`;
    if (this.#place.getAttribute('aria-label') === label) return;
    this.#place.setAttribute('aria-label', label);
    this.#legend.replaceChildren(
      ...last.map(({ name, colour, shown }) =>
        made('li', {}, dot(colour), made('span', { text: `${name} ` }), made('strong', { text: shown })),
      ),
    );
  }
}
