/**
 * How the status of the certificates of one issuing CA is found and judged. A CA is told by its key: another of the same
 * name, or the same one after a key rollover, has a policy of its own.
 *
 * Whatever the policy, an unknown status refuses. The one way around it is an exception that an operator grants for the
 * cards of one CA until a time, when that CA cannot say what is revoked: it lets an unknown status pass, never a revoked one.
 */
import type { Certificate } from './certificate.ts';
import type { Authority } from './crl-issuer.ts';

export const REVOCATION_METHODS = ['crl', 'ocsp'] as const;
export type RevocationMethod = (typeof REVOCATION_METHODS)[number];

export interface RevocationPolicy {
  /** What is asked, in this order: the next one only where those before do not know. Never empty. */
  readonly methods: readonly RevocationMethod[];
  /** Information older than this is stale whatever its nextUpdate says. Demanded of information without nextUpdate. */
  readonly maxAgeSeconds?: number | undefined;
  /** Of the paths of CRL issuers, and of CRLs; as for the path itself. */
  readonly strict: boolean;
  /** Issuers of indirect CRLs: they complete a path, and nothing is believed of them for being listed. */
  readonly crlIssuers: readonly Certificate[];
  /** Whether CRLs are fetched from the distribution points of the certificates as well, at hosts that are allowed. */
  readonly crlFromCertificate: boolean;
  readonly ocsp: OcspPolicy;
  readonly exception?: RevocationException | undefined;
}

export interface OcspPolicy {
  /** Its address; without one, what the certificate names, at a host that is allowed. */
  readonly responder?: string | undefined;
  /** Responders that the operator trusts for this CA beside its own delegates, by their certificates. */
  readonly pinnedResponders: readonly Certificate[];
  readonly timeoutSeconds: number;
  /** False for a responder that answers in advance, and so without nonces (RFC 5019). */
  readonly nonce: boolean;
  /** Ask again after this time at the latest, although the answer is good until its nextUpdate. */
  readonly keepSeconds?: number | undefined;
}

export interface RevocationException {
  /** Exclusive. */
  readonly until: Date;
  /** For whoever reads the configuration later. */
  readonly reason: string;
}

export interface RevocationPolicies {
  /** Of a CA that is not among the others. */
  readonly others: RevocationPolicy;
  /** By the SHA-256 of the CA's SubjectPublicKeyInfo, hexadecimal. */
  readonly byIssuerKey: ReadonlyMap<string, RevocationPolicy>;
}

export const DEFAULT_POLICY: RevocationPolicy = {
  methods: ['crl'],
  strict: true,
  crlIssuers: [],
  crlFromCertificate: false,
  ocsp: { pinnedResponders: [], timeoutSeconds: 5, nonce: true },
};

export const DEFAULT_POLICIES: RevocationPolicies = { others: DEFAULT_POLICY, byIssuerKey: new Map() };

/** @param issuer the authority whose key signed the certificate in question on its validated path */
export function policyOf({ byIssuerKey, others }: RevocationPolicies, issuer: Authority): RevocationPolicy {
  return byIssuerKey.get(issuer.publicKey.keySha256) ?? others;
}

export function allPolicies({ byIssuerKey, others }: RevocationPolicies): readonly RevocationPolicy[] {
  return [others, ...byIssuerKey.values()];
}

export function isInForce(exception: RevocationException | undefined, at: Date): exception is RevocationException {
  // Written so that an invalid date is in force at no time.
  return exception !== undefined && at.getTime() < exception.until.getTime();
}
