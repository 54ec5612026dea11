/** Data sets that are known by their digest, wherever their files lie. */

export interface KnownDataset {
  /** As a sentence has it. */
  readonly title: string;
  /** SHA-256 of the training split, as a run's definition has it. */
  readonly sha256: string;
  /** By label. */
  readonly classNames: readonly string[];
}

export const MNIST: KnownDataset = {
  title: 'MNIST',
  sha256: 'edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b',
  classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
};

/** Names as its authors have them (Xiao, Rasul and Vollgraf, 2017). */
export const FASHION_MNIST: KnownDataset = {
  title: 'Fashion-MNIST',
  sha256: '16d82e2b505296aa2b78bd5ea0992634f30419a4c97def7c907d154a35ac6157',
  classNames: [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
};

/** The data set of a digest, if it is one of these. */
export function knownDataset(sha256: string): KnownDataset | undefined {
  return [MNIST, FASHION_MNIST].find((known) => known.sha256 === sha256);
}
