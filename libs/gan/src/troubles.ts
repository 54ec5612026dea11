/**
 * What goes wrong with GANs (Goodfellow, 2016, section 5; Arjovsky and Bottou, 2017). D(x) and D(G(z)) are means of a step, as in
 * PyTorch's DCGAN example.
 */
import type { Condition, Premise, Trouble } from '@gradcast/task';
import type { Preset } from './presets.ts';

/**
 * Steps that show it, after smoothing. Healthy runs have D(x) near 1 and D(G(z)) near 0 for tens of steps at a time while they
 * begin, before the generator draws anything.
 */
const STEPS = { observations: 256, halfLife: 32 } as const;
/** Grids are 200 steps apart by default, evaluations as far as somebody says; one alone may be a bad moment. */
const LOOKS = { observations: 2 } as const;

/** A discriminator that is wrong about less than one image in a hundred, of either kind. */
const CERTAIN: Condition = {
  signs: [
    { of: 'd_x', is: 'above', bound: 0.99, clear: 0.95 },
    { of: 'd_g_z', is: 'below', bound: 0.01, clear: 0.05 },
  ],
  ...STEPS,
};
/** Of pairs only the difference of both logits means something. Above 5 it is taken wrongly in less than one pair in a hundred. */
const CERTAIN_OF_PAIRS: Condition = { signs: [{ of: 'loss_g', is: 'above', bound: 5, clear: 3 }], ...STEPS };

/**
 * Adam divides by a mean of a thousand steps, so what falls by that factor hardly moves a weight; a norm of 1e-5 is, over the some
 * million parameters of a generator, an element of 1e-8, which is Adam's epsilon.
 */
const vanished = (of: string): Condition[] => [
  { signs: [{ of, is: 'below', bound: 1e-3, clear: 1e-2, ofPeakFrom: Number.MIN_VALUE }], ...STEPS },
  { signs: [{ of, is: 'below', bound: 1e-5, clear: 1e-4 }], ...STEPS },
];

/** One grid may be of a bad moment. All show the same points of the latent space, so more of them say nothing of chance. */
const GRIDS = { observations: 3 } as const;

/** What is hardly read as any digit says nothing of classes: it is how young generators draw. */
const isRead: Premise = { of: 'sample_confidence', is: 'above', bound: 0.7 };
const afterImages = (bound: number): Premise => ({ of: 'images', is: 'above', bound });

/**
 * Classes of the samples of a grid, 64 of them or 80, as a judge reads them.
 *
 * Whether it can be chance: the bound is at most 0.7 ln 10 = 1.61 nats, five equal classes. 64 samples of ten equally frequent
 * classes are below that with a probability of at most 3e-15; of the shares that `mnist` has after two epochs (2.29 nats over 10,000
 * samples) 2e-13, of those of `dcgan` after ten minutes (2.28) 5e-12: troubles.test.ts adds them up.
 * Whether it can be how a generator learns: none of some 1,300 grids of recorded runs that went well was below 0.86 of the best that
 * its run had until then. The preset `classic` falls from 2.16 to 1.19 within 121,000 images.
 */
const FEW_CLASSES: readonly Condition[] = [
  // Young ones have 0.7 nats for a while, `tutorial` 1.3 still after 150,000 images: they have to have drawn various digits once.
  {
    signs: [{ of: 'sample_entropy', is: 'below', bound: 0.7, clear: 0.8, ofPeakFrom: 1.8 }],
    where: [afterImages(20_000), isRead],
    ...GRIDS,
  },
  // Who has not by then will not: ln 4 = 1.386 are four equal classes. `tutorial`, the slowest to learn, has 1.8 after 256,000.
  {
    signs: [{ of: 'sample_entropy', is: 'below', bound: 1.386, clear: 1.6 }],
    where: [afterImages(500_000), isRead],
    ...GRIDS,
  },
];

/** Before they fall, numbers must have been such as a generator has that draws various images; an untrained one does not. */
const COLLAPSE: readonly Condition[] = [
  // Among 64 real digits it is 0.18, among those of one class 0.07 (ones) to 0.17, of one image again and again 0: this is for the
  // last, the others are for the rest.
  { signs: [{ of: 'sample_spread', is: 'below', bound: 0.3, clear: 0.5, ofPeakFrom: 0.08 }], ...LOOKS },
  // Ten equal classes have 2.30 nats; 0.6 of that is four of them.
  { signs: [{ of: 'entropy', is: 'below', bound: 0.6, clear: 0.8, ofPeakFrom: 1.5 }], ...LOOKS },
  { signs: [{ of: 'recall', is: 'below', bound: 0.1, clear: 0.3, ofPeakFrom: 0.1 }], ...LOOKS },
  ...FEW_CLASSES,
];

export function ganTroubles({ loss, measuresFakes }: Pick<Preset, 'loss' | 'measuresFakes'>): readonly Trouble[] {
  return [
    {
      name: 'collapse',
      sentence: 'the generator draws ever fewer kinds of images: it collapses',
      advice:
        'start again with a smaller --lr, a larger --global-batch or another --seed; checkpoints of before are still good',
      conditions: COLLAPSE,
    },
    {
      name: 'stalled-generator',
      sentence: 'hardly any gradient reaches the generator: it learns no more',
      advice: 'start again with a smaller --lr or another --seed',
      conditions: [...vanished('gradient_norm_g'), ...(measuresFakes ? vanished('gradient_norm_fakes') : [])],
    },
    {
      name: 'overpowering-discriminator',
      sentence: 'the discriminator tells real from generated with certainty, so the generator learns little from it',
      advice: 'start again with a smaller --lr or --clip-norm, or with a preset that has a penalty',
      conditions: [loss === 'relativistic' ? CERTAIN_OF_PAIRS : CERTAIN],
    },
  ];
}
