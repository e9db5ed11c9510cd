/**
 * What the provider offers to protect requests, tokens and answers: which algorithms, FAPI 2.0 for the portals that
 * registered for it, request objects (RFC 9101), JWT answers (JARM), DPoP (RFC 9449), encryption.
 *
 * Nothing symmetric and nothing unsigned, in either direction. An address in a request is never fetched: a request comes
 * by value, or was pushed (RFC 9126).
 */
import { hkdfSync, type KeyObject } from 'node:crypto';
import type { Configuration, JWKS } from 'oidc-provider';
import {
  ASSERTION_SIGNING_ALGORITHMS,
  CONTENT_ENCRYPTION_ALGORITHMS,
  KEY_MANAGEMENT_ALGORITHMS,
  SIGNING_ALGORITHMS,
} from '../relying-party/protocol-metadata.ts';
import { assertRequestObject } from './request-object.ts';

type Features = NonNullable<Configuration['features']>;
type Algorithms = NonNullable<Configuration['enabledJWA']>;

/** OpenID Connect Core 9. */
export const CLIENT_AUTH_METHODS = ['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none'] as const;

export function enabledAlgorithms(signingKeys: JWKS): Algorithms {
  const ours = withKey(SIGNING_ALGORITHMS, signingKeys);
  const ofAssertions = withKey(ASSERTION_SIGNING_ALGORITHMS, signingKeys);
  const [keyManagement, contentEncryption] = [KEY_MANAGEMENT_ALGORITHMS, CONTENT_ENCRYPTION_ALGORITHMS].map((list) => [
    ...list,
  ]) as [(typeof KEY_MANAGEMENT_ALGORITHMS)[number][], (typeof CONTENT_ENCRYPTION_ALGORITHMS)[number][]]; // one for one
  return {
    idTokenSigningAlgValues: ofAssertions,
    userinfoSigningAlgValues: ofAssertions,
    authorizationSigningAlgValues: ours,
    introspectionSigningAlgValues: ours,
    clientAuthSigningAlgValues: [...SIGNING_ALGORITHMS],
    requestObjectSigningAlgValues: [...SIGNING_ALGORITHMS],
    dPoPSigningAlgValues: [...SIGNING_ALGORITHMS],
    idTokenEncryptionAlgValues: keyManagement,
    idTokenEncryptionEncValues: contentEncryption,
    userinfoEncryptionAlgValues: keyManagement,
    userinfoEncryptionEncValues: contentEncryption,
    authorizationEncryptionAlgValues: keyManagement,
    authorizationEncryptionEncValues: contentEncryption,
    introspectionEncryptionAlgValues: keyManagement,
    introspectionEncryptionEncValues: contentEncryption,
    // The service has no key to which anybody could encrypt: what is secret in a request is pushed.
    requestObjectEncryptionAlgValues: [],
    requestObjectEncryptionEncValues: [],
  };
}

/** Those for which there is a private key. */
function withKey<T extends string>(algorithms: readonly T[], { keys }: JWKS): T[] {
  return algorithms.filter((algorithm) => keys.some((key) => key.alg === algorithm && 'd' in key));
}

/** @param subjectKey the secret that every process of the service has: nonces of one must be good at another */
export function securityFeatures(subjectKey: KeyObject) {
  return {
    fapi: {
      enabled: true,
      profile: (_ctx, client) => (client?.thiqa_profile === 'fapi2' ? '2.0' : undefined),
    },
    requestObjects: { enabled: true, assertJwtClaimsAndHeader: assertRequestObject },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    encryption: { enabled: true },
    dPoP: {
      enabled: true,
      // HKDF (RFC 5869): a key for this purpose alone.
      nonceSecret: Buffer.from(hkdfSync('sha256', subjectKey, '', 'thiqa dpop nonce v1', 32)),
      // A proof made in advance, or elsewhere, is worth nothing (RFC 9449 8).
      requireNonce: () => true,
    },
  } as const satisfies Features;
}
