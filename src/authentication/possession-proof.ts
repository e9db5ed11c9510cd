/**
 * The stage between a valid path and the network: whoever presented the certificate holds its key. It is local and
 * cheap, so it stands before any request that an outsider could otherwise make us send.
 */
import { createHash } from 'node:crypto';
import { EvidenceError } from '../errors.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from '../pki/algorithm-identifier.ts';
import { DerCursor } from '../pki/der.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import { verifySignature } from '../pki/signature.ts';
import type { CardEvidence, WebEidAlgorithm, WebEidEvidence } from './card-evidence.ts';

/**
 * The key that was proven, or is proven here, is that of the path's own certificate, not of another that came with it
 * (S5, CVE-2023-2422).
 * @throws EvidenceError CARD_NOT_PRESENTED, WEB_EID_SIGNATURE_INVALID
 */
export function provePossession(evidence: CardEvidence, path: ValidatedPath): void {
  if (path.certificates[0]?.sha256 !== evidence.unverifiedCertificate.sha256) {
    throw new EvidenceError(
      'CARD_NOT_PRESENTED',
      'the path is of another certificate than the one whose key was proven',
    );
  }
  // A handshake has proven it already: `provenBy` says who saw it.
  if (evidence.method === 'web-eid') requireWebEidSignature(evidence);
}

interface Algorithm {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly identifier: AlgorithmIdentifier;
  /** RFC 7518 3.4: r and s, each as wide as the order of the curve. An ASN.1 sequence of them is no signature here. */
  readonly signatureOctets?: number;
}

/** The names of RFC 7518 as DER of the AlgorithmIdentifiers of RFC 5758 3.2 and RFC 4055 3.1, 5. */
const ALGORITHMS: Readonly<Record<WebEidAlgorithm, Algorithm>> = {
  ES256: { hash: 'sha256', identifier: identifier('300a06082a8648ce3d040302'), signatureOctets: 64 },
  ES384: { hash: 'sha384', identifier: identifier('300a06082a8648ce3d040303'), signatureOctets: 96 },
  ES512: { hash: 'sha512', identifier: identifier('300a06082a8648ce3d040304'), signatureOctets: 132 },
  RS256: { hash: 'sha256', identifier: identifier('300d06092a864886f70d01010b0500') },
  RS384: { hash: 'sha384', identifier: identifier('300d06092a864886f70d01010c0500') },
  RS512: { hash: 'sha512', identifier: identifier('300d06092a864886f70d01010d0500') },
  PS256: { hash: 'sha256', identifier: pssIdentifier('01', '20') },
  PS384: { hash: 'sha384', identifier: pssIdentifier('02', '30') },
  PS512: { hash: 'sha512', identifier: pssIdentifier('03', '40') },
};

/**
 * Web eID: the signature is over HASH(origin) and HASH(nonce), HASH being that of the algorithm. Origin and nonce are
 * hashed first so that each has one length: nothing can move from one into the other. The nonce is hashed as the text
 * that the page got, and never decoded. A signature made for another site's page is over another origin.
 */
function requireWebEidSignature({ algorithm, origin, nonce, ...evidence }: WebEidEvidence): void {
  const { hash, identifier, signatureOctets } = ALGORITHMS[algorithm];
  const signature = evidence.unverifiedSignature;
  const digest = (text: string): Buffer => createHash(hash).update(text, 'utf8').digest();
  const octets = Buffer.concat([digest(origin), digest(nonce)]);
  const signed = { algorithm: identifier, octets, signature, ecdsaForm: 'ieee-p1363' } as const;
  const hasLength = signatureOctets === undefined || signature.length === signatureOctets;
  if (!hasLength || !verifySignature(signed, evidence.unverifiedCertificate.publicKey, 'default')) {
    throw new EvidenceError(
      'WEB_EID_SIGNATURE_INVALID',
      'the signature is not by the key of the certificate, or not over this origin and this nonce',
      { detail: { algorithm, octets: signature.length } },
    );
  }
}

function identifier(der: string): AlgorithmIdentifier {
  return readAlgorithmIdentifier(new DerCursor(Buffer.from(der, 'hex')));
}

/** RSASSA-PSS with one hash for message and mask, 2.16.840.1.101.3.4.2.`hash`, and a salt as long as it (RFC 7518 3.5). */
function pssIdentifier(hash: string, saltOctets: string): AlgorithmIdentifier {
  const hashAlgorithm = `300d06096086480165030402${hash}0500`;
  const maskAlgorithm = `301a06092a864886f70d010108${hashAlgorithm}`;
  return identifier(`304106092a864886f70d01010a3034a00f${hashAlgorithm}a11c${maskAlgorithm}a2030201${saltOctets}`);
}
