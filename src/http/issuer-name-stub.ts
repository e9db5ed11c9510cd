/**
 * A certificate that carries the name of a CA and nothing of its power. A TLS server tells browsers by name which cards to
 * offer (RFC 8446 4.2.4, RFC 5246 7.4.4), and takes the names from the CA certificates that it verifies against. Verifying
 * is ours, on another path, so the library need not do it as well, in P-384, on the event loop, for a verdict that nobody
 * reads: a stub has the name byte for byte, a key of its own that is thrown away, and another key identifier. No card
 * chains to it.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  boolean,
  explicit,
  integer,
  integerOf,
  objectIdentifier,
  octetString,
  sequence,
  time,
} from '../pki/der-writer.ts';
import type { Name } from '../pki/name.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const BASIC_CONSTRAINTS = '2.5.29.19';
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

/** Dates that no reader asks for: nothing is ever verified with a stub. */
const FIRST_DAY = new Date('2000-01-01T00:00:00Z');
const LAST_DAY = new Date('2049-12-31T00:00:00Z');

/** By the DER of the name: one stub for each, for as long as the process lives. */
const stubs = new Map<string, string>();

/** PEM of the stub of a name. */
export function issuerNameStub(name: Name): string {
  const key = Buffer.from(name.der).toString('base64');
  const stub = stubs.get(key) ?? mintStub(name.der);
  stubs.set(key, stub);
  return stub;
}

function mintStub(name: Uint8Array): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  const extensions = sequence(
    sequence(objectIdentifier(BASIC_CONSTRAINTS), boolean(true), octetString(sequence(boolean(true)))),
    sequence(objectIdentifier(SUBJECT_KEY_IDENTIFIER), octetString(octetString(randomBytes(20)))),
  );
  const tbsCertificate = sequence(
    explicit(0, integer(2)),
    integerOf(Buffer.concat([Buffer.of(0x40), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(FIRST_DAY), time(LAST_DAY)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, extensions),
  );
  const certificate = sequence(tbsCertificate, algorithm, bitString(sign('sha256', tbsCertificate, privateKey)));
  return `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
