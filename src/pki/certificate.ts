/**
 * An immutable view of one DER certificate (RFC 5280 4.1). Parsing believes nothing: it says what the octets say, and
 * refuses octets that do not say one thing only. Whether a certificate may be relied on is for `path-validation.ts`.
 *
 * Refused here: what is not DER; fields out of version; extensions that stand twice, or that RFC 5280 4.2 defines and
 * that break its syntax; characters outside their string type. What RFC 5280 section 4 asks of a conforming CA beyond
 * syntax is checked along the path (`certificate-profile.ts`).
 */
import { createHash } from 'node:crypto';
import { CertificateError } from '../errors.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier, readSigned } from './algorithm-identifier.ts';
import { type CertificateExtensions, EXTENSION, readCertificateExtensions } from './certificate-extensions.ts';
import { type DerCursor, DerError, enterWhole, equalBytes, TAG, toHex } from './der.ts';
import { type Instant, readTime } from './der-time.ts';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extension.ts';
import { equalNames, type Name, readName } from './name.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';

export type { KeyUsageBit } from './certificate-extensions.ts';

export interface Certificate extends CertificateExtensions {
  readonly der: Uint8Array;
  /** SHA-256 of `der`, hexadecimal. */
  readonly sha256: string;
  /** DER of the TBSCertificate: what is signed. */
  readonly tbsCertificate: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** Contents octets of the INTEGER, hexadecimal. */
  readonly serialNumber: string;
  /** The algorithm that is named inside what is signed (4.1.2.3). */
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** DER of the one named outside (4.1.1.2): only ever compared with the one inside, which it must equal. */
  readonly unsignedSignatureAlgorithm: Uint8Array;
  readonly signatureValue: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whether a date is a GeneralizedTime, although 4.1.2.5 wants a UTCTime for it. */
  readonly hasUnusualTimeForm: boolean;
  readonly publicKey: PublicKey;
  readonly extensions: Extensions;
  /** 6.1: the same name in issuer and subject, which does not mean that the same key signed. */
  readonly isSelfIssued: boolean;
  /** 4.1.2.5: the period includes notBefore and notAfter; a time within a second counts as that second. */
  isNotYetValidAt(at: Date): boolean;
  isExpiredAt(at: Date): boolean;
}

export interface ParseOptions {
  /** Default 64 KiB. */
  readonly maxOctets?: number;
  /**
   * Reads a serial number with needless leading octets, which X.690 8.3.2 forbids and some old CAs write. Its octets are
   * kept as they are, since that is how CRLs and OCSP responses of the same CA name it. Default false.
   */
  readonly allowPaddedSerialNumber?: boolean;
}

const LARGEST_CERTIFICATE_OCTETS = 64 * 1024;

/**
 * @param der one certificate; copied, so that later changes to it change nothing
 * @throws CertificateError CERT_TOO_LARGE, CERT_MALFORMED
 */
export function parseCertificate(der: Uint8Array, options: ParseOptions = {}): Certificate {
  const maxOctets = options.maxOctets ?? LARGEST_CERTIFICATE_OCTETS;
  if (der.length > maxOctets) {
    throw new CertificateError('CERT_TOO_LARGE', 'the certificate is larger than the limit', {
      detail: { octets: der.length, maxOctets },
    });
  }
  try {
    return new ParsedCertificate(new Uint8Array(der), options.allowPaddedSerialNumber ?? false);
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new CertificateError('CERT_MALFORMED', `the certificate is malformed: ${cause.message}`, {
      detail: { clause: '4.1', offset: cause.offset },
      cause,
    });
  }
}

interface TbsCertificate {
  readonly version: 1 | 2 | 3;
  readonly serialNumber: string;
  readonly signature: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly hasUnusualTimeForm: boolean;
  readonly subject: Name;
  readonly publicKey: PublicKey;
  readonly extensions: Extensions;
}

function readTbsCertificate(cursor: DerCursor, allowPaddedSerialNumber: boolean): TbsCertificate {
  const version = readVersion(cursor);
  const serialNumber = toHex(allowPaddedSerialNumber ? paddedInteger(cursor) : cursor.integer());
  const signature = readAlgorithmIdentifier(cursor);
  const issuer = readName(cursor);
  const validity = cursor.sequence();
  const notBeforeTag = validity.nextTag;
  const notBefore = readTime(validity);
  const notAfterTag = validity.nextTag;
  const notAfter = readTime(validity);
  validity.expectEnd();
  const subject = readName(cursor);
  const publicKey = readPublicKey(cursor);
  // 4.1.2.8: unique identifiers MUST NOT appear in version 1; RFC 5280 reads them and makes nothing of them.
  for (const tag of [TAG.CONTEXT + 1, TAG.CONTEXT + 2]) {
    if (cursor.nextTag !== tag) continue;
    if (version === 1) throw new DerError('unique identifier in a version 1 certificate', cursor.position);
    cursor.bitString(tag);
  }
  let extensions = NO_EXTENSIONS;
  const explicit = cursor.enterOptional(TAG.CONTEXT_CONSTRUCTED + 3);
  if (explicit) {
    // 4.1.2.9
    if (version !== 3) throw new DerError('extensions before version 3', cursor.elementStart);
    extensions = readExtensions(explicit);
    explicit.expectEnd();
  }
  cursor.expectEnd();
  const hasUnusualTimeForm = isUnusual(notBeforeTag, notBefore) || isUnusual(notAfterTag, notAfter);
  return {
    version,
    serialNumber,
    signature,
    issuer,
    notBefore,
    notAfter,
    hasUnusualTimeForm,
    subject,
    publicKey,
    extensions,
  };
}

function paddedInteger(cursor: DerCursor): Uint8Array {
  const octets = cursor.octetString(TAG.INTEGER);
  if (octets.length === 0) throw new DerError('INTEGER without contents', cursor.contentStart);
  return octets;
}

/** 4.1.2.1: version 1 is the default, which DER leaves out. */
function readVersion(cursor: DerCursor): 1 | 2 | 3 {
  const explicit = cursor.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
  if (!explicit) return 1;
  const number = explicit.smallInteger(2);
  explicit.expectEnd();
  if (number === 0) throw new DerError('default version is encoded', cursor.elementStart);
  return number === 1 ? 2 : 3;
}

const START_OF_2050: Instant = 2_524_608_000_000;

/** 4.1.2.5: dates through the year 2049 are UTCTime. */
function isUnusual(tag: number, instant: Instant): boolean {
  return tag === TAG.GENERALIZED_TIME && instant < START_OF_2050;
}

class ParsedCertificate implements Certificate {
  readonly der: Uint8Array;
  readonly tbsCertificate: Uint8Array;
  readonly version: 1 | 2 | 3;
  readonly serialNumber: string;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly unsignedSignatureAlgorithm: Uint8Array;
  readonly signatureValue: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  readonly hasUnusualTimeForm: boolean;
  readonly publicKey: PublicKey;
  readonly extensions: Extensions;
  readonly subjectDirectoryAttributes: CertificateExtensions['subjectDirectoryAttributes'];
  readonly subjectKeyIdentifier: CertificateExtensions['subjectKeyIdentifier'];
  readonly keyUsage: CertificateExtensions['keyUsage'];
  readonly subjectAltName: CertificateExtensions['subjectAltName'];
  readonly basicConstraints: CertificateExtensions['basicConstraints'];
  readonly nameConstraints: CertificateExtensions['nameConstraints'];
  readonly cRLDistributionPoints: CertificateExtensions['cRLDistributionPoints'];
  readonly certificatePolicies: CertificateExtensions['certificatePolicies'];
  readonly policyMappings: CertificateExtensions['policyMappings'];
  readonly authorityKeyIdentifier: CertificateExtensions['authorityKeyIdentifier'];
  readonly policyConstraints: CertificateExtensions['policyConstraints'];
  readonly extendedKeyUsage: CertificateExtensions['extendedKeyUsage'];
  readonly freshestCRL: CertificateExtensions['freshestCRL'];
  readonly inhibitAnyPolicy: CertificateExtensions['inhibitAnyPolicy'];
  readonly authorityInfoAccess: CertificateExtensions['authorityInfoAccess'];
  readonly #notBefore: Instant;
  readonly #notAfter: Instant;
  #sha256: string | undefined;
  #isSelfIssued: boolean | undefined;

  constructor(der: Uint8Array, allowPaddedSerialNumber: boolean) {
    const signed = readSigned(enterWhole(der));
    const tbs = readTbsCertificate(enterWhole(signed.toBeSigned), allowPaddedSerialNumber);
    const extensions = readCertificateExtensions(tbs.extensions);
    // 4.1.2.6: a certificate without a subject is named by its subjectAltName alone, which therefore is critical.
    if (tbs.subject.isEmpty && tbs.extensions.get(EXTENSION.subjectAltName)?.critical === false) {
      throw new DerError('empty subject beside a subjectAltName that is not critical', 0);
    }
    this.der = der;
    this.tbsCertificate = signed.toBeSigned;
    this.version = tbs.version;
    this.serialNumber = tbs.serialNumber;
    this.signatureAlgorithm = tbs.signature;
    this.unsignedSignatureAlgorithm = signed.signatureAlgorithm;
    this.signatureValue = signed.signature;
    this.issuer = tbs.issuer;
    this.subject = tbs.subject;
    this.#notBefore = tbs.notBefore;
    this.#notAfter = tbs.notAfter;
    this.hasUnusualTimeForm = tbs.hasUnusualTimeForm;
    this.publicKey = tbs.publicKey;
    this.extensions = tbs.extensions;
    this.subjectDirectoryAttributes = extensions.subjectDirectoryAttributes;
    this.subjectKeyIdentifier = extensions.subjectKeyIdentifier;
    this.keyUsage = extensions.keyUsage;
    this.subjectAltName = extensions.subjectAltName;
    this.basicConstraints = extensions.basicConstraints;
    this.nameConstraints = extensions.nameConstraints;
    this.cRLDistributionPoints = extensions.cRLDistributionPoints;
    this.certificatePolicies = extensions.certificatePolicies;
    this.policyMappings = extensions.policyMappings;
    this.authorityKeyIdentifier = extensions.authorityKeyIdentifier;
    this.policyConstraints = extensions.policyConstraints;
    this.extendedKeyUsage = extensions.extendedKeyUsage;
    this.freshestCRL = extensions.freshestCRL;
    this.inhibitAnyPolicy = extensions.inhibitAnyPolicy;
    this.authorityInfoAccess = extensions.authorityInfoAccess;
    Object.freeze(this);
  }

  get sha256(): string {
    this.#sha256 ??= createHash('sha256').update(this.der).digest('hex');
    return this.#sha256;
  }

  get notBefore(): Date {
    return new Date(this.#notBefore);
  }

  get notAfter(): Date {
    return new Date(this.#notAfter);
  }

  get isSelfIssued(): boolean {
    this.#isSelfIssued ??= equalBytes(this.issuer.der, this.subject.der) || equalNames(this.issuer, this.subject);
    return this.#isSelfIssued;
  }

  isNotYetValidAt(at: Date): boolean {
    return !(wholeSecond(at) >= this.#notBefore);
  }

  isExpiredAt(at: Date): boolean {
    return !(wholeSecond(at) <= this.#notAfter);
  }
}

/** X.509 has no fractions of a second: a time is in the second that it falls in. An invalid date is outside every period. */
function wholeSecond(at: Date): Instant {
  return Math.floor(at.getTime() / 1_000) * 1_000;
}
