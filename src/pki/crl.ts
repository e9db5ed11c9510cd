/**
 * A certificate revocation list (RFC 5280 section 5): parsed, indexed, and not yet believed. `crl-processing.ts` decides
 * what it says of a certificate (6.3.3).
 *
 * Refused when read: what is not DER; extensions in a version 1 CRL; a critical extension, of the CRL or of any entry,
 * that is not processed here (5.2, 5.3): such a CRL must not be used for any certificate.
 *
 * Once the index is made and the signature verified, the list itself is needed no more: a CRL of millions of entries is
 * kept, and passed between threads, as its parts without the signed octets, beside the keys that verified it.
 */
import { createHash } from 'node:crypto';
import { CertificateError, RevocationError } from '../errors.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier, readSigned } from './algorithm-identifier.ts';
import type { AlgorithmPolicy } from './algorithms.ts';
import { EXTENSION, readCertificateExtensions } from './certificate-extensions.ts';
import { DerCursor, DerError, enterWhole, equalBytes, TAG } from './der.ts';
import { type Instant, readTime } from './der-time.ts';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extension.ts';
import { readGeneralNames } from './general-name.ts';
import { type IssuingDistributionPoint, readIssuingDistributionPoint } from './issuing-distribution-point.ts';
import { type Name, readName } from './name.ts';
import type { PublicKey } from './public-key.ts';
import {
  buildRevocationTable,
  ORDINAL_OF_CRL_ISSUER,
  RevocationIndex,
  type RevocationTable,
  type RevokedEntry,
} from './revocation-index.ts';
import { type SignedOctets, verifySignature } from './signature.ts';

/** Object identifiers of the extensions that only a CRL has (5.2). */
const CRL_EXTENSION = {
  cRLNumber: '2.5.29.20',
  deltaCRLIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
} as const;

/** Extensions that a CRL shares with certificates, in the same syntax. */
const SHARED_EXTENSIONS: readonly string[] = [
  EXTENSION.authorityKeyIdentifier,
  EXTENSION.issuerAltName,
  EXTENSION.freshestCRL,
  EXTENSION.authorityInfoAccess,
];

/** 5.2: the two that change what a CRL means, and so may be critical. Any other one must not be (5.2.1 to 5.2.7). */
const PROCESSED_EXTENSIONS: ReadonlySet<string> = new Set([
  CRL_EXTENSION.deltaCRLIndicator,
  CRL_EXTENSION.issuingDistributionPoint,
]);

/** Plain data: what is kept of a CRL, and what a worker hands over. */
export interface CrlParts {
  /** Where the CRL came from, for the record of a decision. */
  readonly source: string;
  /** SHA-256 of the whole CRL, hexadecimal. */
  readonly sha256: string;
  /** The fields of the TBSCertList before revokedCertificates. */
  readonly head: Uint8Array;
  /** DER of its Extensions; empty when absent. */
  readonly extensions: Uint8Array;
  readonly signature: Uint8Array;
  readonly table: RevocationTable;
  /** DER of the TBSCertList; absent when it was verified with every key that may have signed it, and let go. */
  readonly signedOctets?: Uint8Array;
  /** The keys and algorithm policies that verified the signature, as `verification` writes them. */
  readonly verifications: readonly string[];
}

export interface ParseCrlOptions {
  /** Default 512 MiB. */
  readonly maxOctets?: number;
  /** Default `crl`. */
  readonly source?: string;
}

const LARGEST_CRL_OCTETS = 512 * 1024 * 1024;

/**
 * @param der one CRL; not copied, so it must not be changed afterwards
 * @throws RevocationError CRL_TOO_LARGE, CRL_MALFORMED, CRL_CRITICAL_EXTENSION_UNKNOWN
 */
export function parseCrl(der: Uint8Array, options: ParseCrlOptions = {}): Crl {
  const { maxOctets = LARGEST_CRL_OCTETS, source = 'crl' } = options;
  if (der.length > maxOctets) {
    throw new RevocationError('CRL_TOO_LARGE', 'the CRL is larger than the limit', {
      detail: { octets: der.length, maxOctets },
    });
  }
  // The slices below are copies, which those of a Buffer would not be: nothing of the list is kept by mistake.
  const octets = new Uint8Array(der.buffer, der.byteOffset, der.length);
  return refusingMalformed(() => {
    const { toBeSigned, signatureAlgorithm, signature } = readSigned(enterWhole(octets));
    const tbs = enterWhole(toBeSigned);
    const headStart = tbs.position;
    const { version, tbsSignature } = readHead(tbs);
    // 5.1.1.2: the same algorithm inside and outside of what is signed.
    if (!equalBytes(tbsSignature.der, signatureAlgorithm)) throw new DerError('two signature algorithms', headStart);
    const head = toBeSigned.slice(headStart, tbs.position);
    const list = tbs.enterOptional(TAG.SEQUENCE);
    // 5.1.2.6: absent when no certificate is revoked.
    if (list?.atEnd === true) throw new DerError('revokedCertificates without an entry', tbs.elementStart);
    const explicit = tbs.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
    const extensions = explicit?.any().slice() ?? new Uint8Array();
    explicit?.expectEnd();
    tbs.expectEnd();
    const { indirect, delta } = readCrlExtensions(extensions, version);
    return new Crl({
      source,
      sha256: createHash('sha256').update(der).digest('hex'),
      head,
      extensions,
      signature: signature.slice(),
      table: buildRevocationTable(toBeSigned, list?.position ?? 0, list?.end ?? 0, {
        extensions: version === 2,
        indirect,
        delta,
      }),
      signedOctets: toBeSigned,
      verifications: [],
    });
  });
}

/** One CRL. What it says is a claim until `isSignedBy` the right key (`crl-processing.ts`). */
export class Crl {
  readonly source: string;
  readonly sha256: string;
  readonly version: 1 | 2;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  /** 5.2.3 */
  readonly crlNumber: bigint | undefined;
  /** 5.2.4: present in a delta CRL, and only there. */
  readonly baseCrlNumber: bigint | undefined;
  readonly issuingDistributionPoint: IssuingDistributionPoint | undefined;
  /** Key identifier of the key that the CRL claims to be signed with (5.2.1), hexadecimal: a hint. */
  readonly authorityKeyIdentifier: string | undefined;
  readonly extensions: Extensions;
  readonly count: number;
  readonly #parts: CrlParts;
  readonly #index: RevocationIndex;
  readonly #signatureAlgorithm: AlgorithmIdentifier;
  /** Ordinals of the index by the key of the certificate issuer's name. */
  readonly #ordinals: ReadonlyMap<string, readonly number[]>;
  readonly #verdicts: Map<string, boolean>;

  /** @throws RevocationError CRL_MALFORMED when the parts are not those of a CRL */
  constructor(parts: CrlParts) {
    const head = refusingMalformed(() => readHead(new DerCursor(parts.head)));
    const extensions = refusingMalformed(() => readCrlExtensions(parts.extensions, head.version));
    this.source = parts.source;
    this.sha256 = parts.sha256;
    this.version = head.version;
    this.issuer = head.issuer;
    this.thisUpdate = new Date(head.thisUpdate);
    this.nextUpdate = head.nextUpdate === undefined ? undefined : new Date(head.nextUpdate);
    this.crlNumber = extensions.crlNumber;
    this.baseCrlNumber = extensions.baseCrlNumber;
    this.issuingDistributionPoint = extensions.issuingDistributionPoint;
    this.authorityKeyIdentifier = extensions.authorityKeyIdentifier;
    this.extensions = extensions.all;
    this.count = parts.table.count;
    this.#parts = parts;
    this.#index = new RevocationIndex(parts.table);
    this.#signatureAlgorithm = head.tbsSignature;
    this.#ordinals = refusingMalformed(() => readCertificateIssuers(parts.table, head.issuer));
    this.#verdicts = new Map(parts.verifications.map((key) => [key, true]));
    Object.freeze(this);
  }

  get isDelta(): boolean {
    return this.baseCrlNumber !== undefined;
  }

  /** The entries for a serial number (content octets, hexadecimal) under a certificate issuer (5.3.3). */
  entriesFor(certificateIssuer: Name, serialNumber: string): readonly RevokedEntry[] {
    const ordinals = this.#ordinals.get(certificateIssuer.key);
    return ordinals === undefined ? [] : this.#index.find(Buffer.from(serialNumber, 'hex'), ordinals);
  }

  /** 6.3.3 (g). The answer is remembered: verification costs a hash over the whole list. */
  isSignedBy(publicKey: PublicKey, algorithms: AlgorithmPolicy): boolean {
    const key = verification(publicKey, algorithms);
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const { signedOctets, signature } = this.#parts;
    if (signedOctets === undefined) return false;
    const signed = { algorithm: this.#signatureAlgorithm, octets: signedOctets, signature };
    const verdict = verifies(signed, publicKey, algorithms);
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  /** The parts without the signed octets: what stays verified is what was verified before. */
  withoutSignedOctets(): CrlParts {
    const { signedOctets: _, ...parts } = this.#parts;
    return { ...parts, verifications: [...this.#verdicts].flatMap(([key, verdict]) => (verdict ? [key] : [])) };
  }
}

function verifies(signed: SignedOctets, publicKey: PublicKey, algorithms: AlgorithmPolicy): boolean {
  try {
    return verifySignature(signed, publicKey, algorithms);
  } catch (error) {
    // A weak key or algorithm proves nothing: the list is then as good as not signed.
    if (error instanceof CertificateError) return false;
    throw error;
  }
}

function verification(publicKey: PublicKey, algorithms: AlgorithmPolicy): string {
  return `${algorithms} ${publicKey.keySha256}`;
}

interface Head {
  readonly version: 1 | 2;
  readonly tbsSignature: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant | undefined;
}

/** 5.1.2.1 to 5.1.2.5 */
function readHead(tbs: DerCursor): Head {
  // 5.1.2.1: absent in version 1; where present it MUST be v2, whose number is 1.
  const version = tbs.nextTag === TAG.INTEGER ? 2 : 1;
  if (version === 2 && tbs.smallInteger(1) !== 1) throw new DerError('default version is encoded', tbs.elementStart);
  const tbsSignature = readAlgorithmIdentifier(tbs);
  const issuer = readName(tbs);
  if (issuer.isEmpty) throw new DerError('issuer is empty', tbs.elementStart);
  const thisUpdate = readTime(tbs);
  const hasNextUpdate = tbs.nextTag === TAG.UTC_TIME || tbs.nextTag === TAG.GENERALIZED_TIME;
  const nextUpdate = hasNextUpdate ? readTime(tbs) : undefined;
  return { version, tbsSignature, issuer, thisUpdate, nextUpdate };
}

interface CrlExtensions {
  readonly all: Extensions;
  readonly crlNumber: bigint | undefined;
  readonly baseCrlNumber: bigint | undefined;
  readonly issuingDistributionPoint: IssuingDistributionPoint | undefined;
  readonly authorityKeyIdentifier: string | undefined;
  readonly indirect: boolean;
  readonly delta: boolean;
}

/** 5.2. @throws DerError; RevocationError CRL_CRITICAL_EXTENSION_UNKNOWN */
function readCrlExtensions(der: Uint8Array, version: 1 | 2): CrlExtensions {
  if (der.length > 0 && version === 1) throw new DerError('extensions in a version 1 CRL', 0);
  const cursor = new DerCursor(der);
  const all = der.length === 0 ? NO_EXTENSIONS : readExtensions(cursor);
  cursor.expectEnd();
  for (const { oid, critical } of all.values()) {
    if (critical && !PROCESSED_EXTENSIONS.has(oid)) {
      throw new RevocationError('CRL_CRITICAL_EXTENSION_UNKNOWN', 'a critical extension of the CRL is not processed', {
        detail: { clause: '5.2', extension: oid },
      });
    }
  }
  const shared = readCertificateExtensions(new Map([...all].filter(([oid]) => SHARED_EXTENSIONS.includes(oid))));
  const place = all.get(CRL_EXTENSION.issuingDistributionPoint);
  const issuingDistributionPoint = place && readIssuingDistributionPoint(place.value);
  const baseCrlNumber = readNumber(all, CRL_EXTENSION.deltaCRLIndicator);
  return {
    all,
    crlNumber: readNumber(all, CRL_EXTENSION.cRLNumber),
    baseCrlNumber,
    issuingDistributionPoint,
    authorityKeyIdentifier: shared.authorityKeyIdentifier?.keyIdentifier,
    indirect: issuingDistributionPoint?.indirectCRL ?? false,
    delta: baseCrlNumber !== undefined,
  };
}

/** 5.2.3: CRLNumber ::= INTEGER (0..MAX), of up to 20 octets. */
function readNumber(extensions: Extensions, oid: string): bigint | undefined {
  const extension = extensions.get(oid);
  if (extension === undefined) return undefined;
  const cursor = new DerCursor(extension.value);
  const octets = cursor.integer();
  cursor.expectEnd();
  if ((octets[0] ?? 0) >= 0x80 || octets.length > 21) throw new DerError('CRL number out of range', 0);
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}

/** 5.3.3: a certificate issuer is named by the distinguished name in the issuer field of its certificates. */
function readCertificateIssuers(
  { certificateIssuers }: RevocationTable,
  crlIssuer: Name,
): ReadonlyMap<string, readonly number[]> {
  const ordinals = new Map<string, number[]>([[crlIssuer.key, [ORDINAL_OF_CRL_ISSUER]]]);
  for (const [index, value] of certificateIssuers.entries()) {
    const names = readGeneralNames(enterWhole(value)).flatMap((name) =>
      name.kind === 'directoryName' ? [name.name.key] : [],
    );
    if (names.length === 0) throw new DerError('certificate issuer without a distinguished name', 0);
    for (const key of new Set(names)) ordinals.set(key, [...(ordinals.get(key) ?? []), index + 1]);
  }
  return ordinals;
}

function refusingMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new RevocationError('CRL_MALFORMED', `the CRL is malformed: ${cause.message}`, {
      detail: { clause: '5.1', offset: cause.offset },
      cause,
    });
  }
}
