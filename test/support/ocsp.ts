/**
 * A test responder: OCSP responses (RFC 6960 4.2.1) of the test authority, good and precisely bad.
 */
import { createHash, type KeyObject, sign } from 'node:crypto';
import type { CertificationAuthority } from '../../src/demo/authority.ts';
import { extendedKeyUsage, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { REASON_CODES, type ReasonCodeName } from '../../src/demo/crl-extensions.ts';
import { encodeName, type NameTemplate } from '../../src/demo/distinguished-name.ts';
import { type Extension, encodeExtensions, extension } from '../../src/demo/extension.ts';
import {
  algorithmIdentifier,
  generateKeys,
  SIGNATURE_ALGORITHMS,
  subjectPublicKeyInfo,
  usualAlgorithm,
} from '../../src/demo/signing.ts';
import { DerCursor } from '../../src/pki/der.ts';
import {
  bitString,
  element,
  enumerated,
  explicit,
  generalizedTime,
  implicit,
  integerOf,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
} from '../../src/pki/der-writer.ts';
import { readPublicKey } from '../../src/pki/public-key.ts';
import { type CertificateChanges, daysFromAt, issueTestCard, type TestCertificate } from './authority.ts';

export interface OcspChanges {
  readonly status?: 'good' | 'unknown' | 'revoked';
  readonly reason?: ReasonCodeName;
  readonly thisUpdate?: Date;
  /** null leaves it out. */
  readonly nextUpdate?: Date | null;
  readonly producedAt?: Date;
  /** Of the CertID, when another than the certificate's is meant. */
  readonly serialNumber?: Uint8Array;
  /** Of the CertID, when another than the issuer is meant. */
  readonly certIdIssuer?: CertificationAuthority;
  /** Who signs: the issuer itself, unless a delegate does. */
  readonly signer?: { readonly name: Uint8Array; readonly key: KeyObject; readonly publicKey: KeyObject };
  readonly responderId?: 'byName' | 'byKey';
  readonly nonce?: Uint8Array;
  readonly extensions?: readonly Extension[];
  readonly singleExtensions?: readonly Extension[];
  readonly certificates?: readonly Uint8Array[];
  /** Not `successful`: nothing else is in the response. */
  readonly responseStatus?: number;
}

/** DER of a response about one certificate: good, from an hour before AT to a day after, signed by the issuer. */
export function issueTestOcspResponse(
  issuer: CertificationAuthority,
  serialNumber: Uint8Array,
  changes: OcspChanges = {},
): Buffer {
  if (changes.responseStatus !== undefined) return sequence(enumerated(changes.responseStatus));
  const named = changes.certIdIssuer ?? issuer;
  const certId = sequence(
    sequence(objectIdentifier('1.3.14.3.2.26'), nullValue()),
    octetString(createHash('sha1').update(named.name).digest()),
    octetString(keyHash(named.keys.publicKey)),
    integerOf(changes.serialNumber ?? serialNumber),
  );
  const thisUpdate = changes.thisUpdate ?? daysFromAt(-1 / 24);
  const nextUpdate = changes.nextUpdate === undefined ? daysFromAt(1) : changes.nextUpdate;
  const single = sequence(
    certId,
    certStatus(changes),
    generalizedTime(thisUpdate),
    ...(nextUpdate === null ? [] : [explicit(0, generalizedTime(nextUpdate))]),
    ...extensionsOf(changes.singleExtensions ?? []),
  );
  const signer = changes.signer ?? { name: issuer.name, key: issuer.keys.privateKey, publicKey: issuer.keys.publicKey };
  const nonce =
    changes.nonce === undefined ? [] : [extension('1.3.6.1.5.5.7.48.1.2', false, octetString(changes.nonce))];
  const data = sequence(
    changes.responderId === 'byKey' ? explicit(2, octetString(keyHash(signer.publicKey))) : explicit(1, signer.name),
    generalizedTime(changes.producedAt ?? thisUpdate),
    sequence(single),
    ...extensionsOf([...(changes.extensions ?? []), ...nonce]),
  );
  const algorithm = usualAlgorithm(signer.key);
  const signature = bitString(sign(SIGNATURE_ALGORITHMS[algorithm].hash, data, signer.key));
  const certificates = changes.certificates ?? [];
  const basic = sequence(
    data,
    algorithmIdentifier(algorithm),
    signature,
    ...(certificates.length === 0 ? [] : [explicit(0, sequence(...certificates))]),
  );
  return sequence(enumerated(0), explicit(0, sequence(objectIdentifier('1.3.6.1.5.5.7.48.1.1'), octetString(basic))));
}

/** RFC 6960 4.1.1, 4.2.1: SHA-1 over the octets of the key's BIT STRING. */
function keyHash(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(readPublicKey(new DerCursor(subjectPublicKeyInfo(key))).subjectPublicKey)
    .digest();
}

function certStatus({ status = 'good', reason }: OcspChanges): Buffer {
  if (status === 'good') return implicit(0, nullValue());
  if (status === 'unknown') return implicit(2, nullValue());
  const reasons = reason === undefined ? [] : [explicit(0, enumerated(REASON_CODES[reason]))];
  return element(0xa1, generalizedTime(daysFromAt(-2)), ...reasons);
}

function extensionsOf(extensions: readonly Extension[]): Buffer[] {
  return extensions.length === 0 ? [] : [explicit(1, encodeExtensions(extensions))];
}

export const RESPONDER_NAME: NameTemplate = [
  { type: 'countryName', value: 'MA' },
  { type: 'commonName', value: 'Thiqa test responder' },
];

export interface TestResponder extends TestCertificate {
  readonly signer: NonNullable<OcspChanges['signer']>;
}

/** A delegate of `issuer`: OCSPSigning and nocheck, unless changed. */
export function issueTestResponder(issuer: CertificationAuthority, changes: CertificateChanges = {}): TestResponder {
  const keys = changes.keys ?? generateKeys();
  const issued = issueTestCard(issuer, {
    notBefore: daysFromAt(-10),
    notAfter: daysFromAt(10),
    ...changes,
    keys,
    subject: RESPONDER_NAME,
    extensions: {
      keyUsage: keyUsage(['digitalSignature']),
      extendedKeyUsage: extendedKeyUsage(['OCSPSigning']),
      crlDistributionPoints: null,
      qcStatements: null,
      subjectDirectoryAttributes: null,
      noCheck: extension('1.3.6.1.5.5.7.48.1.5', false, nullValue()),
      ...changes.extensions,
    },
  });
  return { ...issued, signer: { name: encodeName(RESPONDER_NAME), key: keys.privateKey, publicKey: keys.publicKey } };
}
