/**
 * Writes a PKCS #12 file (RFC 7292) that browsers and OpenSSL import: one private key, its certificate, and the chain.
 *
 * The key is encrypted by PBES2 with AES-256 (RFC 8018 6.2); the certificates, which are public, stand in the clear; the
 * whole is protected by an HMAC with SHA-256 under the password.
 */
import { createHash, createHmac, type KeyObject, randomBytes } from 'node:crypto';
import {
  characterString,
  explicit,
  integer,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
} from '../pki/der-writer.ts';

const DATA = '1.2.840.113549.1.7.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const SHA256 = '2.16.840.1.101.3.4.2.1';
const ITERATIONS = 2048;

export interface Pkcs12Contents {
  readonly privateKey: KeyObject;
  /** DER; the end-entity certificate first. */
  readonly certificates: readonly [Uint8Array, ...Uint8Array[]];
  /** The name under which a browser lists the certificate. */
  readonly friendlyName: string;
  readonly password: string;
}

/** The DER of the PFX. */
export function encodePkcs12({ privateKey, certificates, friendlyName, password }: Pkcs12Contents): Buffer {
  const [endEntity, ...chain] = certificates;
  const localKeyId = createHash('sha1').update(endEntity).digest();
  const attributes = setOf(
    sequence(objectIdentifier(FRIENDLY_NAME), setOf(characterString(friendlyName, 'bmp'))),
    sequence(objectIdentifier(LOCAL_KEY_ID), setOf(octetString(localKeyId))),
  );
  const encryptedKey = privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: password });
  const authenticatedSafe = sequence(
    dataContent(
      sequence(certificateBag(endEntity, [attributes]), ...chain.map((certificate) => certificateBag(certificate, []))),
    ),
    dataContent(sequence(sequence(objectIdentifier(SHROUDED_KEY_BAG), explicit(0, encryptedKey), attributes))),
  );
  return sequence(integer(3), dataContent(authenticatedSafe), macData(authenticatedSafe, password));
}

function dataContent(contents: Uint8Array): Buffer {
  return sequence(objectIdentifier(DATA), explicit(0, octetString(contents)));
}

function certificateBag(certificate: Uint8Array, attributes: readonly Uint8Array[]): Buffer {
  const bag = sequence(objectIdentifier(X509_CERTIFICATE), explicit(0, octetString(certificate)));
  return sequence(objectIdentifier(CERTIFICATE_BAG), explicit(0, bag), ...attributes);
}

function macData(authenticatedSafe: Uint8Array, password: string): Buffer {
  const salt = randomBytes(16);
  const mac = createHmac('sha256', deriveMacKey(password, salt)).update(authenticatedSafe).digest();
  const digestInfo = sequence(sequence(objectIdentifier(SHA256), nullValue()), octetString(mac));
  return sequence(digestInfo, octetString(salt), integer(ITERATIONS));
}

/** RFC 7292 B.2 for SHA-256 and one block of output, which is all that an HMAC key needs. */
function deriveMacKey(password: string, salt: Uint8Array): Buffer {
  const block = 64;
  const diversifier = Buffer.alloc(block, 3);
  // B.1: a BMPString with its two terminating zero octets.
  const characters = Buffer.from(`${password}\0`, 'utf16le').swap16();
  let key = createHash('sha256')
    .update(diversifier)
    .update(repeatToMultipleOf(block, salt))
    .update(repeatToMultipleOf(block, characters))
    .digest();
  for (let round = 1; round < ITERATIONS; round += 1) key = createHash('sha256').update(key).digest();
  return key;
}

function repeatToMultipleOf(block: number, octets: Uint8Array): Buffer {
  return Buffer.alloc(Math.ceil(octets.length / block) * block, octets);
}
