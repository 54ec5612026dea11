/** What the kinds of data sets have in common: each finds its files in a folder and opens them as sources. */
import type { Listing } from './folder.ts';
import type { Source } from './source.ts';

/** Which half of a published data set. */
export type Split = 'train' | 'test';

export interface OpenedSet {
  readonly inputs: Source;
  /** One byte a sample; undefined for a data set without labels. */
  readonly labels: Source | undefined;
  /** Names of the classes by label, where they have names. */
  readonly classNames: readonly string[] | undefined;
}

export interface Kind {
  /** As a sentence has it. */
  readonly title: string;
  /** Whether the folder holds a data set of this kind. */
  fits(listing: Listing): boolean | Promise<boolean>;
  /** @param listing of a folder's real path. @throws DatasetError. */
  open(listing: Listing, split: Split): Promise<OpenedSet>;
}
