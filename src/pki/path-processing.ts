/**
 * The steps of RFC 5280 6.1, with their variables (6.1.2) and their checks under the letters of the standard, in its
 * order. Beyond 6.1: the purpose (4.2.1.12) and the strength of every key are checked along the path, section 4 when
 * `strict`, and of an anchor that is trusted as a certificate also the constraints that it carries (RFC 5937).
 */
import { type CertificateCode, CertificateError } from '../errors.ts';
import type { AlgorithmPolicy } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { type PlaceOnPath, violatedProfile } from './certificate-profile.ts';
import { isUnderstood } from './critical-extensions.ts';
import { equalNames } from './name.ts';
import { constrain, type NameConstraintsState, UNCONSTRAINED, violatedConstraint } from './name-constraints.ts';
import { ANY_POLICY, PolicyGraph } from './policy-tree.ts';
import { isSelfSigned, requireStrongKey, type VerifyCertificate } from './signature.ts';
import type { TrustAnchor } from './trust-anchor.ts';

export type Purpose = 'clientAuth' | 'serverAuth' | 'any';

/** 6.1.1, every input decided. */
export interface ProcessingInputs {
  readonly at: Date;
  readonly purpose: Purpose;
  readonly algorithms: AlgorithmPolicy;
  readonly initialPolicySet: readonly string[];
  readonly requireExplicitPolicy: boolean;
  readonly inhibitPolicyMapping: boolean;
  readonly inhibitAnyPolicy: boolean;
  readonly strict: boolean;
  readonly maxIntermediates: number;
  readonly verify: VerifyCertificate;
}

export class PathProcessing {
  readonly #inputs: ProcessingInputs;
  readonly #anchor: TrustAnchor;
  /** How many certificates the path has, the anchor not counted: n of 6.1.2, and the depth of the anchor in errors. */
  readonly #length: number;

  // 6.1.2 (a) to (k); (g) to (i) are one: `#issuer` holds working_public_key, its algorithm and parameters, (j) its name.
  readonly #validPolicyGraph = new PolicyGraph();
  #nameConstraints: NameConstraintsState = UNCONSTRAINED;
  #explicitPolicy: number;
  #inhibitAnyPolicy: number;
  #policyMapping: number;
  #issuer: Certificate;
  #maxPathLength: number;
  #policies: readonly string[] = [];

  constructor(length: number, anchor: TrustAnchor, inputs: ProcessingInputs) {
    this.#inputs = inputs;
    this.#anchor = anchor;
    this.#length = length;
    this.#explicitPolicy = inputs.requireExplicitPolicy ? 0 : length + 1;
    this.#inhibitAnyPolicy = inputs.inhibitAnyPolicy ? 0 : length + 1;
    this.#policyMapping = inputs.inhibitPolicyMapping ? 0 : length + 1;
    this.#issuer = anchor.certificate;
    this.#maxPathLength = Math.min(length, inputs.maxIntermediates);
  }

  /** 6.1.5 (g): the user-constrained-policy-set, once the end entity is processed. */
  get policies(): readonly string[] {
    return this.#policies;
  }

  /**
   * RFC 5937 section 3: an anchor that is trusted as a certificate is held to what it says. It is handled as the
   * certificates below it are, save that nothing signs it, and that an absent certificatePolicies restricts nothing.
   */
  useAnchor(): void {
    const { certificate, anchorAs } = this.#anchor;
    const depth = this.#length;
    this.#requireStrongKey(certificate, depth);
    if (anchorAs === 'key') return;
    this.#requireValidity(certificate, depth);
    if (this.#inputs.strict) this.#requireProfile(certificate, 'anchor', depth);
    const acceptAnyPolicy = this.#inhibitAnyPolicy > 0 || certificate.isSelfIssued;
    if (certificate.certificatePolicies) {
      this.#validPolicyGraph.addCertificate(certificate.certificatePolicies, acceptAnyPolicy);
    }
    this.#preparePolicies(certificate, depth);
    this.#nameConstraints = constrain(this.#nameConstraints, certificate);
    this.#applyPolicyCounters(certificate);
    // `createTrustAnchor` has refused what is no CA.
    this.#applyPathLength(certificate);
    this.#requireKeyUsage(certificate, depth);
    this.#requireExtendedKeyUsage(certificate, depth);
    this.#requireKnownCriticalExtensions(certificate, depth, '6.1.4 (o)');
  }

  /** 6.1.3 */
  processCertificate(certificate: Certificate, depth: number): void {
    // (a)(1)
    if (!this.#verifySignature(certificate, depth)) {
      throw refusal('CERT_SIGNATURE_INVALID', 'the signature does not verify', '6.1.3 (a)(1)', depth);
    }
    this.#requireStrongKey(certificate, depth);
    // (a)(2)
    this.#requireValidity(certificate, depth);
    // (a)(3) is revocation, which is decided on the path that this yields.
    // (a)(4)
    if (!equalNames(certificate.issuer, this.#issuer.subject)) {
      const rule = 'the issuer is not the subject of the certificate above';
      throw refusal('CERT_NAME_CHAIN_BROKEN', rule, '6.1.3 (a)(4)', depth);
    }
    if (this.#inputs.strict) this.#requireProfile(certificate, depth === 0 ? 'end-entity' : 'issuer', depth);
    const selfIssuedIntermediate = depth > 0 && certificate.isSelfIssued;
    // (b), (c)
    if (!selfIssuedIntermediate) {
      const violated = violatedConstraint(this.#nameConstraints, certificate);
      if (violated !== undefined) {
        throw refusal('CERT_NAME_CONSTRAINED', `a name is not permitted: ${violated}`, '6.1.3 (b), (c)', depth);
      }
    }
    // (d), (e)
    const acceptAnyPolicy = this.#inhibitAnyPolicy > 0 || selfIssuedIntermediate;
    this.#validPolicyGraph.addCertificate(certificate.certificatePolicies, acceptAnyPolicy);
    // (f)
    this.#requirePolicy('6.1.3 (f)', depth);
  }

  /** 6.1.4 */
  prepareForNext(certificate: Certificate, depth: number): void {
    // (a), (b)
    this.#preparePolicies(certificate, depth);
    // (c) to (f)
    this.#issuer = certificate;
    // (g)
    this.#nameConstraints = constrain(this.#nameConstraints, certificate);
    // (h)
    if (!certificate.isSelfIssued) {
      this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
      this.#policyMapping = Math.max(0, this.#policyMapping - 1);
      this.#inhibitAnyPolicy = Math.max(0, this.#inhibitAnyPolicy - 1);
    }
    // (i), (j)
    this.#applyPolicyCounters(certificate);
    // (k): versions 1 and 2 cannot say that they are of a CA, and nobody says so for them.
    if (!certificate.basicConstraints?.cA) {
      throw refusal('CERT_NOT_CA', 'the issuer of a certificate is not a CA', '6.1.4 (k)', depth);
    }
    // (l)
    if (!certificate.isSelfIssued) {
      if (this.#maxPathLength <= 0) {
        throw refusal('CERT_PATH_LENGTH_EXCEEDED', 'the path is longer than a CA on it allows', '6.1.4 (l)', depth);
      }
      this.#maxPathLength -= 1;
    }
    // (m)
    this.#applyPathLength(certificate);
    // (n)
    this.#requireKeyUsage(certificate, depth);
    this.#requireExtendedKeyUsage(certificate, depth);
    // (o)
    this.#requireKnownCriticalExtensions(certificate, depth, '6.1.4 (o)');
  }

  /** 6.1.5, for the end entity. */
  wrapUp(certificate: Certificate): void {
    // (a)
    this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
    // (b)
    if (certificate.policyConstraints?.requireExplicitPolicy === 0) this.#explicitPolicy = 0;
    // (c) to (e): the key of the end entity is in the certificate that is handed on.
    this.#requireKeyUsageForPurpose(certificate);
    this.#requireExtendedKeyUsage(certificate, 0);
    // (f)
    this.#requireKnownCriticalExtensions(certificate, 0, '6.1.5 (f)');
    // (g)
    this.#policies = this.#validPolicyGraph.isNull
      ? []
      : this.#validPolicyGraph.userConstrainedPolicySet(this.#inputs.initialPolicySet);
    if (this.#explicitPolicy === 0 && this.#policies.length === 0) {
      throw refusal('CERT_POLICY_REFUSED', 'no acceptable certificate policy is valid', '6.1.5 (g)', 0);
    }
  }

  #verifySignature(certificate: Certificate, depth: number): boolean {
    return atDepth(depth, () => this.#inputs.verify(certificate, this.#issuer.publicKey));
  }

  #requireStrongKey(certificate: Certificate, depth: number): void {
    atDepth(depth, () => requireStrongKey(certificate.publicKey, this.#inputs.algorithms));
  }

  #requireValidity(certificate: Certificate, depth: number): void {
    if (certificate.isNotYetValidAt(this.#inputs.at)) {
      throw refusal('CERT_NOT_YET_VALID', 'the certificate is not yet valid', '6.1.3 (a)(2)', depth);
    }
    if (certificate.isExpiredAt(this.#inputs.at)) {
      throw refusal('CERT_EXPIRED', 'the certificate has expired', '6.1.3 (a)(2)', depth);
    }
  }

  #requireProfile(certificate: Certificate, place: PlaceOnPath, depth: number): void {
    const violation = violatedProfile(certificate, place, () => isSelfSigned(certificate));
    if (violation) throw refusal('CERT_PROFILE_VIOLATED', violation.rule, violation.clause, depth);
  }

  #requirePolicy(clause: string, depth: number): void {
    if (this.#explicitPolicy === 0 && this.#validPolicyGraph.isNull) {
      throw refusal('CERT_POLICY_REFUSED', 'a certificate policy is required and none is valid', clause, depth);
    }
  }

  /** 6.1.4 (a), (b) */
  #preparePolicies({ policyMappings }: Certificate, depth: number): void {
    if (!policyMappings) return;
    const mapsAnyPolicy = policyMappings.some(
      ({ issuerDomainPolicy, subjectDomainPolicy }) =>
        issuerDomainPolicy === ANY_POLICY || subjectDomainPolicy === ANY_POLICY,
    );
    if (mapsAnyPolicy) throw refusal('CERT_POLICY_REFUSED', 'anyPolicy is mapped', '6.1.4 (a)', depth);
    this.#validPolicyGraph.applyMappings(policyMappings, this.#policyMapping > 0);
  }

  /** 6.1.4 (i), (j) */
  #applyPolicyCounters({ policyConstraints, inhibitAnyPolicy }: Certificate): void {
    this.#explicitPolicy = Math.min(this.#explicitPolicy, policyConstraints?.requireExplicitPolicy ?? Infinity);
    this.#policyMapping = Math.min(this.#policyMapping, policyConstraints?.inhibitPolicyMapping ?? Infinity);
    this.#inhibitAnyPolicy = Math.min(this.#inhibitAnyPolicy, inhibitAnyPolicy ?? Infinity);
  }

  /** 6.1.4 (m) */
  #applyPathLength({ basicConstraints }: Certificate): void {
    this.#maxPathLength = Math.min(this.#maxPathLength, basicConstraints?.pathLenConstraint ?? Infinity);
  }

  /** 6.1.4 (n) */
  #requireKeyUsage({ keyUsage }: Certificate, depth: number): void {
    if (keyUsage && !keyUsage.has('keyCertSign')) {
      throw refusal('CERT_KEY_USAGE_REFUSED', 'the key may not sign certificates', '6.1.4 (n)', depth);
    }
  }

  /**
   * 4.2.1.12: a purpose consistent with the key usage too. A client signs its handshake, or agrees on a key. How a server
   * uses its key depends on the cipher, so that every usage is left to whoever has the handshake.
   */
  #requireKeyUsageForPurpose({ keyUsage }: Certificate): void {
    if (!keyUsage || this.#inputs.purpose !== 'clientAuth') return;
    if (keyUsage.has('digitalSignature') || keyUsage.has('keyAgreement')) return;
    throw refusal('CERT_KEY_USAGE_REFUSED', 'the key usage does not allow clientAuth', '4.2.1.3', 0);
  }

  /** 4.2.1.12. In a CA certificate it restricts what the certificates below are for: RFC 5280 is silent, everybody does it. */
  #requireExtendedKeyUsage({ extendedKeyUsage }: Certificate, depth: number): void {
    const { purpose } = this.#inputs;
    if (!extendedKeyUsage || purpose === 'any') return;
    if (extendedKeyUsage.includes(KEY_PURPOSE[purpose]) || extendedKeyUsage.includes(ANY_EXTENDED_KEY_USAGE)) return;
    const rule = `the extended key usage does not include ${purpose}`;
    throw refusal('CERT_EXTENDED_KEY_USAGE_REFUSED', rule, '4.2.1.12', depth);
  }

  /** 6.1.4 (o), 6.1.5 (f), whether the extension is in its place or not. */
  #requireKnownCriticalExtensions(certificate: Certificate, depth: number, clause: string): void {
    for (const { oid, critical } of certificate.extensions.values()) {
      if (critical && !isUnderstood(oid, certificate)) {
        const rule = 'a critical extension is not understood';
        throw refusal('CERT_CRITICAL_EXTENSION_UNKNOWN', rule, clause, depth, { extension: oid });
      }
    }
  }
}

const KEY_PURPOSE = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';

function refusal(
  code: CertificateCode,
  rule: string,
  clause: string,
  depth: number,
  more: Readonly<Record<string, unknown>> = {},
): CertificateError {
  return new CertificateError(code, rule, { detail: { clause, depth, ...more } });
}

/** Gives an error of the algorithm policy its place on the path. */
function atDepth<T>(depth: number, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(error.code, error.message, { detail: { ...error.detail, depth }, cause: error.cause });
  }
}
