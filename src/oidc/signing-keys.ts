/**
 * The keys that sign assertions: private JWK sets (RFC 7517), ES256. The key identifier is the JWK thumbprint
 * (RFC 7638), so it cannot collide and says nothing.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose';

export const SIGNING_ALGORITHM = 'ES256';

export async function generateSigningKeys(): Promise<JSONWebKeySet> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: SIGNING_ALGORITHM, use: 'sig' }] };
}
