/**
 * What the holder of a credential may do: a `trusted` worker's word counts where bits cannot be compared; a `volunteer`'s
 * counts nowhere, and what it computes is computed again.
 */
export const CREDENTIAL_ROLES = ['worker', 'trusted', 'volunteer'] as const;
export type CredentialRole = (typeof CREDENTIAL_ROLES)[number];

/**
 * What the holder of a credential may do who computes nothing: a `viewer` sees how a run goes, and changes nothing; an `operator`
 * sees it as well, and steers it where `--steer` lets anybody.
 */
export const WATCHING_ROLES = ['viewer', 'operator'] as const;
export type WatchingRole = (typeof WATCHING_ROLES)[number];

/** All that a credential may say. */
export type AccessRole = CredentialRole | WatchingRole;
export const ACCESS_ROLES: readonly AccessRole[] = [...CREDENTIAL_ROLES, ...WATCHING_ROLES];

/** Whether a credential is that of somebody who watches. */
export function watches<T extends { readonly role: AccessRole }>(
  credential: T,
): credential is T & { readonly role: WatchingRole } {
  return (WATCHING_ROLES as readonly AccessRole[]).includes(credential.role);
}

/** Whether a credential is that of somebody who computes. */
export function computes<T extends { readonly role: AccessRole }>(
  credential: T,
): credential is T & { readonly role: CredentialRole } {
  return (CREDENTIAL_ROLES as readonly AccessRole[]).includes(credential.role);
}
