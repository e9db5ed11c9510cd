/**
 * Who sees the same `sub` for a person (OpenID Connect Core 8.1): the portals of one sector. A sector that spans several
 * hosts is shown by its own list, and one that other portals have already is shared only if an officer said so.
 */
import type { Portal, PortalStore } from './portal.ts';
import { hostNames } from './registered-address.ts';

/** The list at sector_identifier_uri names every redirect URI. Anything else, and it proves nothing. */
export function isInSector(list: unknown, redirectUris: readonly string[]): boolean {
  return Array.isArray(list) && redirectUris.every((uri) => list.includes(uri));
}

/** The client_ids of the portals that would see the same `sub`, and stand on another host. */
export async function sharedWith(
  { sector, redirectUris }: Pick<Portal, 'sector' | 'redirectUris'>,
  portals: PortalStore,
): Promise<readonly string[]> {
  const hosts = hostNames(redirectUris);
  const isElsewhere = (other: Portal): boolean => {
    const others = hostNames(other.redirectUris);
    return others.size !== hosts.size || [...others].some((host) => !hosts.has(host));
  };
  return (await portals.list())
    .filter((other) => other.sector === sector && isElsewhere(other))
    .map(({ clientId }) => clientId);
}
