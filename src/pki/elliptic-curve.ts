/**
 * The elliptic curves that this service knows, by object identifier (RFC 5480 2.1.1, RFC 5639) and by explicit parameters,
 * which the passports of some states carry (RFC 3279 2.3.5). Explicit parameters count only when they are those of a known
 * curve, the generator included: with a generator of an attacker's choice anybody can sign for any key (CVE-2020-0601).
 */
import { createHash } from 'node:crypto';
import { DerCursor, DerError, TAG, toHex } from './der.ts';
import { element, objectIdentifier, sequence } from './der-writer.ts';

export type NamedCurve = (typeof CURVES)[number]['name'];

/** `parameters` is the fingerprint of p, a, b, G and n that `fingerprint` makes. */
const CURVES = [
  {
    name: 'P-224',
    oid: '1.3.132.0.33',
    parameters: 'd70ff90d2739a12640eaa65d6107a83d5858955a04e33c447f747becc58eae7f',
  },
  {
    name: 'P-256',
    oid: '1.2.840.10045.3.1.7',
    parameters: 'c121ce30ffb5760629a00fc6c1af903741343865082c2310f3211ee2a279eeea',
  },
  {
    name: 'P-384',
    oid: '1.3.132.0.34',
    parameters: '56f600cc4483b9dcb4ec70f55c359cf42e08852d037e6151bbbdea4ba3c5bb47',
  },
  {
    name: 'P-521',
    oid: '1.3.132.0.35',
    parameters: 'e2f2e5e86ebb853b552c0852d5ea0fd4e425f9dc0dde474c5bc9d865d1ca833f',
  },
  {
    name: 'brainpoolP224r1',
    oid: '1.3.36.3.3.2.8.1.1.5',
    parameters: '988861a0c39b454fd0ae7367376af86d000a89ccb0ca3d61cb427f6f75ab9cd8',
  },
  {
    name: 'brainpoolP256r1',
    oid: '1.3.36.3.3.2.8.1.1.7',
    parameters: '4e7274df7c40c039b736660af459bab958b30c63cd2a39277f2e296e3090654a',
  },
  {
    name: 'brainpoolP320r1',
    oid: '1.3.36.3.3.2.8.1.1.9',
    parameters: '4d0515a113d89b1f16d5804c3f587034ebfb630b5269305045baeceb2db9b661',
  },
  {
    name: 'brainpoolP384r1',
    oid: '1.3.36.3.3.2.8.1.1.11',
    parameters: '9005c3364d439867789f6ca0c92c60d80deb60d8903a78287f6544fc7214338c',
  },
  {
    name: 'brainpoolP512r1',
    oid: '1.3.36.3.3.2.8.1.1.13',
    parameters: '4bbdcdf2a4f559b6c6175ff37fbe5f63149d0895b9368ce40093626197a5803a',
  },
] as const;

const BY_OID: ReadonlyMap<string, NamedCurve> = new Map(CURVES.map(({ oid, name }) => [oid, name]));
const BY_PARAMETERS: ReadonlyMap<string, NamedCurve> = new Map(
  CURVES.map(({ parameters, name }) => [parameters, name]),
);
const OID_BY_NAME: ReadonlyMap<NamedCurve, string> = new Map(CURVES.map(({ name, oid }) => [name, oid]));

export function curveOfOid(oid: string): NamedCurve | undefined {
  return BY_OID.get(oid);
}

/** @param der ECParameters, a SpecifiedECDomain (SEC 1 C.2). @throws DerError */
export function curveOfExplicitParameters(der: Uint8Array): NamedCurve | undefined {
  return BY_PARAMETERS.get(fingerprint(der));
}

const PRIME_FIELD = '1.2.840.10045.1.1';

/** SHA-256 over the numbers that define the curve, however their encoding is padded; the seed only tells where they are from. */
export function fingerprint(der: Uint8Array): string {
  const outer = new DerCursor(der);
  const parameters = outer.sequence();
  outer.expectEnd();
  const version = parameters.smallInteger(3);
  if (version < 1) throw new DerError('version of ECParameters', 0);
  const field = parameters.sequence();
  if (field.objectIdentifier() !== PRIME_FIELD) return '';
  const p = number(field.integer());
  field.expectEnd();
  const curve = parameters.sequence();
  const a = number(curve.octetString());
  const b = number(curve.octetString());
  if (!curve.atEnd) curve.bitString();
  curve.expectEnd();
  const base = parameters.octetString();
  const n = number(parameters.integer());
  if (!parameters.atEnd && parameters.smallInteger(255) !== 1) return '';
  parameters.expectEnd();
  return createHash('sha256')
    .update([p, a, b, generator(base), n].join(','))
    .digest('hex');
}

/** The x-coordinate and the parity of y say which point it is, compressed or not (SEC 1 2.3.3). */
function generator(point: Uint8Array): string {
  const form = point[0];
  if (form === 0x02 || form === 0x03) return `${number(point.subarray(1))}/${form & 1}`;
  if (form !== 0x04 || point.length % 2 === 0) throw new DerError('generator is not a point', 0);
  const width = (point.length - 1) / 2;
  return `${number(point.subarray(1, 1 + width))}/${(point.at(-1) ?? 0) & 1}`;
}

/** Without leading zeros. */
function number(octets: Uint8Array): string {
  return toHex(octets).replace(/^0+/, '');
}

/** RFC 5480 2.2: uncompressed or compressed; the hybrid form MUST NOT be used. */
export function checkPointForm(point: Uint8Array): void {
  const form = point[0];
  if (form !== 0x02 && form !== 0x03 && form !== 0x04) throw new DerError('point of a form that is not allowed', 0);
}

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';

/** DER of the SubjectPublicKeyInfo that names the curve. */
export function namedCurveKey(curve: NamedCurve, point: Uint8Array): Uint8Array {
  const oid = OID_BY_NAME.get(curve) ?? '';
  return sequence(
    sequence(objectIdentifier(EC_PUBLIC_KEY), objectIdentifier(oid)),
    element(TAG.BIT_STRING, Buffer.of(0), point),
  );
}
