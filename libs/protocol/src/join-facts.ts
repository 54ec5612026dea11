/** What coordinator and join page both know of a run: the part of the answer to `GET /join/run` that the page shows. */

/** Where a run stands, as its volunteers may know it. */
export interface JoinFacts {
  readonly run: string;
  /** SHA-256 of a task that is not built in, or null. */
  readonly task: string | null;
  readonly preset: string;
  readonly step: number;
  readonly steps: number;
  /** Of all who take part. */
  readonly imagesPerSecond: number;
  /** Workers that are no volunteers. */
  readonly workers: number;
  readonly volunteers: number;
  readonly state: string;
  /** Whether all bits come from one numeric profile. */
  readonly exact: boolean;
}

/** What became of a volunteer's leaves. */
export interface OwnLeaves {
  /** In the sum, unchecked or found right. */
  readonly leavesUsed: number;
  /** Found right, byte by byte. */
  readonly leavesChecked: number;
}
