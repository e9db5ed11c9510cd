/**
 * Writes the CRL of a state: millions of entries in the order in which cards were revoked, which is no order of their
 * serial numbers. Two entries of three have a reason code, as RFC 5280 5.3.1 wants it left out where none is known.
 */
import { randomFillSync } from 'node:crypto';
import type { CertificationAuthority } from '../src/demo/authority.ts';
import { authorityKeyIdentifier } from '../src/demo/certificate-extensions.ts';
import { crlNumber, reasonCode } from '../src/demo/crl-extensions.ts';
import { encodeExtensions } from '../src/demo/extension.ts';
import { algorithmIdentifier, signedObject, usualAlgorithm } from '../src/demo/signing.ts';
import { element, explicit, integer, integerOf, sequence, time } from '../src/pki/der-writer.ts';
import type { Pace } from './measure.ts';

export interface LargeCrl {
  readonly der: Buffer;
  /** Serial numbers of some entries from all over the list, hexadecimal. */
  readonly listed: readonly string[];
}

const ENTRIES = 3_000_000;
const QUICK_ENTRIES = 100_000;

export function entriesOf({ quick }: Pace): number {
  return quick ? QUICK_ENTRIES : ENTRIES;
}

const SERIAL_OCTETS = 16;
/** SEQUENCE header, INTEGER header. */
const SERIAL_AT = 4;
/** So many that looking them up one after the other finds little in the processor's caches. */
const LISTED = 131_072;
const DAY = 86_400_000;

export function writeLargeCrl(issuer: CertificationAuthority, count: number, at: Date): LargeCrl {
  const revokedAt = time(new Date(at.getTime() - DAY));
  const serial = integerOf(Buffer.alloc(SERIAL_OCTETS));
  const shapes = [
    sequence(serial, revokedAt, encodeExtensions([reasonCode('keyCompromise')])),
    sequence(serial, revokedAt, encodeExtensions([reasonCode('superseded')])),
    sequence(serial, revokedAt),
  ];
  const shapeOf = (index: number): Buffer => shapes[index % shapes.length] ?? Buffer.alloc(0);

  const numbers = randomFillSync(Buffer.alloc(count * SERIAL_OCTETS));
  const entries = Buffer.alloc(
    Array.from(shapes, (shape, index) => shape.length * Math.ceil((count - index) / shapes.length)).reduce(
      (sum, octets) => sum + octets,
    ),
  );
  const listed: string[] = [];
  const listedEvery = Math.max(1, Math.floor(count / LISTED));
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const from = index * SERIAL_OCTETS;
    // Positive, and of 16 octets: RFC 5280 4.1.2.2, and INTEGER in its shortest form.
    numbers[from] = ((numbers[from] ?? 0) & 0x3f) | 0x40;
    const shape = shapeOf(index);
    shape.copy(entries, offset);
    numbers.copy(entries, offset + SERIAL_AT, from, from + SERIAL_OCTETS);
    offset += shape.length;
    if (index % listedEvery === 0) listed.push(numbers.toString('hex', from, from + SERIAL_OCTETS));
  }
  return { der: signed(issuer, element(0x30, entries), at), listed };
}

function signed({ name, keys }: CertificationAuthority, revokedCertificates: Buffer, at: Date): Buffer {
  const algorithm = usualAlgorithm(keys.privateKey);
  const toBeSigned = sequence(
    integer(1),
    algorithmIdentifier(algorithm),
    name,
    time(new Date(at.getTime() - DAY / 24)),
    time(new Date(at.getTime() + 7 * DAY)),
    revokedCertificates,
    explicit(0, encodeExtensions([authorityKeyIdentifier(keys.publicKey), crlNumber(1)])),
  );
  return signedObject(toBeSigned, keys.privateKey, algorithm);
}
