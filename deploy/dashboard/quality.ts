/** Whether the model becomes better. What a judge says needs `--evaluate-every`; docs/quality.md says what each score is. */
import type { Board } from './panel.ts';
import { loss } from './shared-panels.ts';

/** Newest scores, each a line by its name. */
const scores = (names: string) => [{ expression: `gradcast_quality{score=~"${names}"}`, legend: '{{score}}' }];

export const quality: Board = {
  name: 'quality',
  title: 'Gradcast: quality',
  description: 'Whether the model of a run becomes better; scores need --evaluate-every',
  panels: [
    {
      title: 'Fréchet distance',
      description: 'Of the newest evaluation; less is better.',
      kind: 'stat',
      unit: 'none',
      queries: [{ expression: 'min(gradcast_quality{score="frechet"})', legend: 'frechet' }],
    },
    {
      title: 'Recall',
      description: 'Share of real images that generated ones are near to, of the newest evaluation.',
      kind: 'stat',
      unit: 'percentunit',
      queries: [{ expression: 'max(gradcast_quality{score="recall"})', legend: 'recall' }],
    },
    {
      title: 'Spread',
      description: 'How much the samples of the newest grid differ, 0 to 0.5; it falls when the generator collapses.',
      kind: 'stat',
      unit: 'none',
      queries: [{ expression: 'max(gradcast_sample_spread)', legend: 'spread' }],
    },
    {
      title: 'Troubles now',
      description: 'How many things are wrong with the training.',
      kind: 'stat',
      unit: 'short',
      queries: [{ expression: 'sum(gradcast_trouble)', legend: 'troubles' }],
    },
    loss,
    {
      title: 'Gradient norm',
      description: 'Norm of the averaged gradient of the last closed step.',
      kind: 'lines',
      unit: 'none',
      queries: [{ expression: 'gradcast_gradient_norm', legend: '{{network}}' }],
    },
    {
      title: 'Scalars',
      description: 'What the task measures of the last closed step: of a GAN D(x) and D(G(z)).',
      kind: 'lines',
      unit: 'none',
      queries: [{ expression: 'gradcast_scalar{scalar!~"loss.*"}', legend: '{{scalar}}' }],
    },
    {
      title: 'Fréchet distance',
      description: 'Between features of generated and of real images.',
      kind: 'lines',
      unit: 'none',
      queries: scores('frechet'),
    },
    {
      title: 'Precision, recall, density, coverage',
      description: 'How many samples look real, and how much of what is real they cover.',
      kind: 'lines',
      unit: 'none',
      queries: scores('precision|recall|density|coverage'),
    },
    {
      title: 'Confidence and nearest training images',
      description:
        'How sure the judge is of what it reads, and how near samples are to training images beside test images.',
      kind: 'lines',
      unit: 'none',
      queries: scores('confidence|nearest_ratio'),
    },
    {
      title: 'Classes',
      description: 'Share of the samples that the judge reads as each class.',
      kind: 'stack',
      unit: 'percentunit',
      queries: [{ expression: 'gradcast_class_share', legend: '{{class}}' }],
    },
    {
      title: 'Learnt by heart',
      description: 'D(x) over training images less D(x) over test images; it grows when the discriminator memorises.',
      kind: 'lines',
      unit: 'none',
      queries: scores('d_x_gap'),
    },
    {
      title: 'Spread of samples',
      description: 'How much the samples of the newest grid differ, 0 to 0.5.',
      kind: 'lines',
      unit: 'none',
      queries: [{ expression: 'gradcast_sample_spread', legend: 'spread' }],
    },
    {
      title: 'Troubles',
      description: 'What is wrong with the training, as its task names it; the alerts have what to do.',
      kind: 'lines',
      unit: 'none',
      queries: [{ expression: 'gradcast_trouble', legend: '{{trouble}}' }],
    },
    {
      title: 'Learning rate',
      description: 'Of the last closed step.',
      kind: 'lines',
      unit: 'none',
      queries: [{ expression: 'gradcast_learning_rate', legend: 'learning rate' }],
    },
  ],
};
