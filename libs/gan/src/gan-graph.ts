/** The step of `gan-program.ts` as data, with one backward pass or with two. */
import { partOf, StepGraphBuilder } from '@gradcast/network';
import type { GraphValue, StepGraph } from '@gradcast/network';
import { discriminatorOptions, generatorOptions } from './gan-networks.ts';
import { disturbedSamples } from './penalty.ts';
import type { Preset } from './presets.ts';

/** With one backward pass, and otherwise two where a margin is extreme. */
export function ganGraph(preset: Preset, samples: number): StepGraph {
  return { ...graphOf(preset, samples, false), otherwise: graphOf(preset, samples, true) };
}

function graphOf(preset: Preset, samples: number, separate: boolean): StepGraph {
  const { penalty, loss: kind, measuresFakes, classes } = preset;
  const graph = new StepGraphBuilder();
  const [images, noise] = [graph.field('images'), graph.field('noise')];
  const labels = classes === undefined ? undefined : graph.field('labels');
  const fakes = graph.add({ op: 'forward', network: 'generator', of: noise, ...(labels && { labels }) });
  const disturbed = penalty ? disturbedSamples(penalty, samples) : 0;
  const between: GraphValue[] = [];
  if (penalty) {
    const perturbation = graph.field('perturbation');
    for (const of of [images, fakes]) {
      between.push(graph.add({ op: 'disturb', of, noise: perturbation, samples: disturbed, deviation: penalty.sigma }));
    }
  }
  const judged = graph.add({ op: 'concat', of: [images, ...between, fakes] });
  const told = labels && graph.add({ op: 'concat', of: [labels, ...between.map(() => few(labels)), labels] });
  function few(of: GraphValue): GraphValue {
    return graph.add({ op: 'rows', of, from: 0, count: disturbed });
  }
  const logits = graph.add({ op: 'forward', network: 'discriminator', of: judged, ...(told && { labels: told }) });
  const loss = graph.add({
    op: 'gan-loss',
    logits,
    loss: kind,
    samples,
    ...(penalty && { penalty: { samples: disturbed, weight: penalty.weight } }),
    separate,
  });
  const inputFrom = samples + 2 * disturbed;
  const seed = partOf(loss, 'discriminator');
  let atFakes: GraphValue;
  if (separate) {
    graph.add({ op: 'backward', of: logits, seed, parameters: true });
    const own = partOf(loss, 'generator');
    atFakes = graph.add({ op: 'backward', of: logits, seed: own, parameters: false, inputFrom });
  } else {
    const dx = graph.add({ op: 'backward', of: logits, seed, parameters: true, inputFrom });
    atFakes = graph.add({ op: 'scale', of: dx, by: partOf(loss, 'ratio') });
  }
  graph.add({ op: 'backward', of: fakes, seed: atFakes, parameters: true });
  const names = ['loss_g', 'loss_d', 'd_x', 'd_g_z', ...(penalty ? ['penalty'] : [])];
  return {
    samples,
    networks: [generatorOptions(preset), discriminatorOptions(preset)],
    nodes: graph.nodes,
    scalars: {
      ...Object.fromEntries(names.map((name) => [name, partOf(loss, name)])),
      samples,
      ...(measuresFakes && { gradient_norm_fakes: graph.add({ op: 'sum-of-norms', of: atFakes }) }),
    },
    ...(separate ? {} : { flag: partOf(loss, 'extreme') }),
  };
}
