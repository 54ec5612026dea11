/**
 * What the holder of a credential may do: a `trusted` worker's word counts where bits cannot be compared; a `volunteer`'s
 * counts nowhere, and what it computes is computed again.
 */
export const CREDENTIAL_ROLES = ['worker', 'trusted', 'volunteer'] as const;
export type CredentialRole = (typeof CREDENTIAL_ROLES)[number];
