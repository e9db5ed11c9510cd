/**
 * An OCSP response (RFC 6960 4.2.1): parsed, and not yet believed. `ocsp.ts` decides what it says of a certificate.
 */
import { createHash } from 'node:crypto';
import { RevocationError } from '../errors.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier, readSignature } from './algorithm-identifier.ts';
import { DerCursor, DerError, enterWhole, TAG, toHex } from './der.ts';
import { readGeneralizedTime } from './der-time.ts';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extension.ts';
import { type Name, readName } from './name.ts';
import { OCSP_NONCE } from './ocsp-request.ts';
import { type RevocationReason, revocationReason } from './revocation-reason.ts';

const ID_PKIX_OCSP_BASIC = '1.3.6.1.5.5.7.48.1.1';
const LARGEST_RESPONSE_OCTETS = 256 * 1024;
/** A response names one delegate; the others are the rest of its path, which nobody here needs. */
const MOST_CERTIFICATES = 8;

/** 4.2.1; the value 4 is not used. */
const RESPONSE_STATUS = [
  'successful',
  'malformedRequest',
  'internalError',
  'tryLater',
  undefined,
  'sigRequired',
  'unauthorized',
] as const;

export type ResponderId =
  | { readonly kind: 'byName'; readonly name: Name }
  | { readonly kind: 'byKey'; readonly keyHash: Uint8Array };

export type OcspCertStatus =
  | { readonly status: 'good' | 'unknown' }
  | { readonly status: 'revoked'; readonly revocationDate: Date; readonly reason: RevocationReason };

export interface CertId {
  /** Object identifier. */
  readonly hashAlgorithm: string;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Contents octets of the INTEGER, hexadecimal. */
  readonly serialNumber: string;
}

export interface SingleResponse {
  readonly certId: CertId;
  readonly certStatus: OcspCertStatus;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly extensions: Extensions;
}

/** A BasicOCSPResponse of a successful OCSPResponse. */
export interface OcspResponse {
  /** Where it came from, for the record of a decision. */
  readonly source: string;
  /** SHA-256 of the whole response, hexadecimal. */
  readonly sha256: string;
  /** DER of the ResponseData: what is signed. */
  readonly signedOctets: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly responderId: ResponderId;
  readonly producedAt: Date;
  readonly responses: readonly SingleResponse[];
  readonly extensions: Extensions;
  /** 4.4.1; undefined when absent. */
  readonly nonce: Uint8Array | undefined;
  /** DER of the certificates that came along; nothing is known of them. */
  readonly unverifiedCertificates: readonly Uint8Array[];
}

/**
 * @param der one OCSPResponse; not copied, so it must not be changed afterwards
 * @throws RevocationError OCSP_MALFORMED, OCSP_NOT_SUCCESSFUL
 */
export function parseOcspResponse(der: Uint8Array, source = 'ocsp'): OcspResponse {
  if (der.length > LARGEST_RESPONSE_OCTETS) throw malformed('larger than any response', undefined);
  try {
    const fields = enterWhole(der);
    const status = RESPONSE_STATUS[fields.smallInteger(RESPONSE_STATUS.length - 1, TAG.ENUMERATED)];
    if (status === undefined) throw new DerError('responseStatus of no meaning', fields.contentStart);
    if (status !== 'successful') {
      fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
      fields.expectEnd();
      throw new RevocationError('OCSP_NOT_SUCCESSFUL', `the responder answered ${status}`, {
        detail: { clause: '4.2.1', status },
      });
    }
    const explicit = fields.enter(TAG.CONTEXT_CONSTRUCTED + 0);
    fields.expectEnd();
    const responseBytes = explicit.sequence();
    explicit.expectEnd();
    if (responseBytes.objectIdentifier() !== ID_PKIX_OCSP_BASIC)
      throw new DerError('not a basic response', responseBytes.contentStart);
    const response = responseBytes.octetString();
    responseBytes.expectEnd();
    return {
      source,
      sha256: createHash('sha256').update(der).digest('hex'),
      ...readBasicResponse(enterWhole(response)),
    };
  } catch (cause) {
    if (cause instanceof DerError) throw malformed(cause.message, cause);
    throw cause;
  }
}

function readBasicResponse(fields: DerCursor): Omit<OcspResponse, 'source' | 'sha256'> {
  fields.expect(TAG.SEQUENCE);
  const signedOctets = fields.element;
  const data = readResponseData(fields.within());
  const signatureAlgorithm = readAlgorithmIdentifier(fields);
  const signature = readSignature(fields);
  const unverifiedCertificates: Uint8Array[] = [];
  const explicit = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
  if (explicit !== undefined) {
    const list = explicit.sequence();
    explicit.expectEnd();
    while (!list.atEnd) unverifiedCertificates.push(list.any());
    if (unverifiedCertificates.length > MOST_CERTIFICATES) throw new DerError('too many certificates', list.end);
  }
  fields.expectEnd();
  return { signedOctets, signatureAlgorithm, signature, ...data, unverifiedCertificates };
}

type ResponseData = Pick<OcspResponse, 'responderId' | 'producedAt' | 'responses' | 'extensions' | 'nonce'>;

function readResponseData(data: DerCursor): ResponseData {
  // 4.2.1: version 1 is the only one, and as the default it is left out.
  const responderId = readResponderId(data);
  const producedAt = new Date(readGeneralizedTime(data));
  const list = data.sequence();
  const responses: SingleResponse[] = [];
  while (!list.atEnd) responses.push(readSingleResponse(list.sequence()));
  const extensions = readExplicitExtensions(data, 1);
  data.expectEnd();
  return { responderId, producedAt, responses, extensions, nonce: readNonce(extensions) };
}

function readResponderId(data: DerCursor): ResponderId {
  const byName = data.enterOptional(TAG.CONTEXT_CONSTRUCTED + 1);
  if (byName !== undefined) {
    const name = readName(byName);
    byName.expectEnd();
    return { kind: 'byName', name };
  }
  const byKey = data.enter(TAG.CONTEXT_CONSTRUCTED + 2);
  const keyHash = byKey.octetString();
  byKey.expectEnd();
  return { kind: 'byKey', keyHash };
}

function readSingleResponse(single: DerCursor): SingleResponse {
  const certId = readCertId(single.sequence());
  const certStatus = readCertStatus(single);
  const thisUpdate = new Date(readGeneralizedTime(single));
  const explicit = single.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
  const nextUpdate = explicit && new Date(readGeneralizedTime(explicit));
  explicit?.expectEnd();
  const extensions = readExplicitExtensions(single, 1);
  single.expectEnd();
  return { certId, certStatus, thisUpdate, nextUpdate, extensions };
}

/** The serial number need not be minimal: it is compared with what the certificate has, octet by octet, and not used otherwise. */
function readCertId(fields: DerCursor): CertId {
  const { oid } = readAlgorithmIdentifier(fields);
  const issuerNameHash = fields.octetString();
  const issuerKeyHash = fields.octetString();
  fields.expect(TAG.INTEGER);
  const serialNumber = toHex(fields.content);
  fields.expectEnd();
  return { hashAlgorithm: oid, issuerNameHash, issuerKeyHash, serialNumber };
}

function readCertStatus(single: DerCursor): OcspCertStatus {
  const tag = single.nextTag;
  if (tag === TAG.CONTEXT + 0 || tag === TAG.CONTEXT + 2) {
    if (single.octetString(tag).length > 0) throw new DerError('NULL with contents', single.contentStart);
    return { status: tag === TAG.CONTEXT + 0 ? 'good' : 'unknown' };
  }
  const revoked = single.enter(TAG.CONTEXT_CONSTRUCTED + 1);
  const revocationDate = new Date(readGeneralizedTime(revoked));
  const explicit = revoked.enterOptional(TAG.CONTEXT_CONSTRUCTED + 0);
  // RFC 5280 5.3.1: removeFromCRL is for delta CRLs alone.
  const reason = explicit === undefined ? 'unspecified' : revocationReason(explicit.smallInteger(10, TAG.ENUMERATED));
  explicit?.expectEnd();
  revoked.expectEnd();
  if (reason === undefined || reason === 'removeFromCRL')
    throw new DerError('revocationReason of no meaning', revoked.end);
  return { status: 'revoked', revocationDate, reason };
}

function readExplicitExtensions(fields: DerCursor, number: number): Extensions {
  const explicit = fields.enterOptional(TAG.CONTEXT_CONSTRUCTED + number);
  if (explicit === undefined) return NO_EXTENSIONS;
  const extensions = readExtensions(explicit);
  explicit.expectEnd();
  return extensions;
}

function readNonce(extensions: Extensions): Uint8Array | undefined {
  const extension = extensions.get(OCSP_NONCE);
  if (extension === undefined) return undefined;
  const cursor = new DerCursor(extension.value);
  const nonce = cursor.octetString();
  cursor.expectEnd();
  return nonce;
}

function malformed(what: string, cause: DerError | undefined): RevocationError {
  return new RevocationError('OCSP_MALFORMED', `the OCSP response is malformed: ${what}`, {
    detail: { clause: '4.2.1' },
    ...(cause && { cause }),
  });
}
