/**
 * How a person is named: to the service by a keyed hash of the national identifier, to a portal by a pairwise subject
 * identifier (OpenID Connect Core 8.1). Both are HMAC-SHA-256 under the subject key, so a portal cannot try numbers,
 * two sectors cannot join their subjects, and a renewed card of the same person gives the same `sub`.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import { identifierKey, type NationalIdentifier } from '../identity/national-identifier.ts';

/** Domain separation: no input of one use can be an input of another. */
const ACCOUNT = 'thiqa account v1\n';
const PAIRWISE = 'thiqa pairwise v1\n';

/**
 * The account: what the service stores in place of the national identifier.
 * @param subjectKey secret key of 32 octets, from `keys/`
 * @returns 43 characters, base64url
 */
export function accountIdOf(identifier: NationalIdentifier, subjectKey: KeyObject): string {
  return createHmac('sha256', subjectKey).update(ACCOUNT).update(identifierKey(identifier)).digest('base64url');
}

/**
 * The pairwise `sub` of an account for a sector.
 * @param sector host name of the portal's sector; a host name cannot contain the separator
 */
export function pairwiseSubject(accountId: string, sector: string, subjectKey: KeyObject): string {
  return createHmac('sha256', subjectKey)
    .update(`${PAIRWISE}${sector.toLowerCase()}\n${accountId}`)
    .digest('base64url');
}
