/**
 * Which critical extensions this service understands (RFC 5280 4.2, 6.1.4 (o), 6.1.5 (f)). Understood is what validation
 * makes something of; an extension that is only parsed is not, so that nothing passes that its issuer wanted heeded.
 */
import type { Certificate } from './certificate.ts';
import { EXTENSION } from './certificate-extensions.ts';

/** What 6.1, the purpose and revocation make something of. */
const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.basicConstraints,
  EXTENSION.nameConstraints,
  EXTENSION.cRLDistributionPoints,
  EXTENSION.policyMappings,
  EXTENSION.policyConstraints,
  EXTENSION.extendedKeyUsage,
  EXTENSION.inhibitAnyPolicy,
]);
/** Microsoft's twin of the extended key usage: where that is present, it governs. */
const APPLICATION_POLICIES = '1.3.6.1.4.1.311.21.10';
const KNOWN_QUALIFIERS: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2']);

export function isUnderstood(oid: string, { certificatePolicies, extendedKeyUsage }: Certificate): boolean {
  if (PROCESSED.has(oid)) return true;
  // 4.2.1.4: when critical, the qualifiers too must be understood, or the certificate be rejected.
  if (oid === EXTENSION.certificatePolicies) {
    return (
      certificatePolicies?.every(({ qualifiers }) => qualifiers.every((each) => KNOWN_QUALIFIERS.has(each))) ?? false
    );
  }
  return oid === APPLICATION_POLICIES && extendedKeyUsage !== undefined;
}
