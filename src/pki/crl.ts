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
import { type AlgorithmIdentifier, readSigned } from './algorithm-identifier.ts';
import type { AlgorithmPolicy } from './algorithms.ts';
import { readCrlExtensions, readHead } from './crl-fields.ts';
import { DerCursor, DerError, enterWhole, equalBytes, TAG } from './der.ts';
import type { Extensions } from './extension.ts';
import { readGeneralNames } from './general-name.ts';
import type { IssuingDistributionPoint } from './issuing-distribution-point.ts';
import type { Name } from './name.ts';
import type { PublicKey } from './public-key.ts';
import {
  buildRevocationTable,
  ORDINAL_OF_CRL_ISSUER,
  RevocationIndex,
  type RevocationTable,
  type RevokedEntry,
} from './revocation-index.ts';
import { type SignedOctets, verifySignature } from './signature.ts';

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
  /** Ordinals of the index by the text of the certificate issuer's name: no entry is missed for its string type. */
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
    const ordinals = this.#ordinals.get(certificateIssuer.textKey);
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

/** 5.3.3: a certificate issuer is named by the distinguished name in the issuer field of its certificates. */
function readCertificateIssuers(
  { certificateIssuers }: RevocationTable,
  crlIssuer: Name,
): ReadonlyMap<string, readonly number[]> {
  const ordinals = new Map<string, number[]>([[crlIssuer.textKey, [ORDINAL_OF_CRL_ISSUER]]]);
  for (const [index, value] of certificateIssuers.entries()) {
    const names = readGeneralNames(enterWhole(value)).flatMap((name) =>
      name.kind === 'directoryName' ? [name.name.textKey] : [],
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
