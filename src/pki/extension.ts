/**
 * Extensions (RFC 5280 4.1.2.9), of a certificate, a CRL, an entry of a CRL or an OCSP response.
 */
import { type DerCursor, DerError, TAG } from './der.ts';

export interface Extension {
  /** extnID, dotted decimal. */
  readonly oid: string;
  readonly critical: boolean;
  /** The DER inside the OCTET STRING. */
  readonly value: Uint8Array;
}

export type Extensions = ReadonlyMap<string, Extension>;

export const NO_EXTENSIONS: Extensions = new Map();

/**
 * Reads the next element, which is Extensions: SEQUENCE SIZE (1..MAX). 4.2: an extension stands at most once.
 * @throws DerError
 */
export function readExtensions(cursor: DerCursor): Extensions {
  const list = cursor.sequence();
  const extensions = new Map<string, Extension>();
  do {
    const extension = readExtension(list);
    if (extensions.has(extension.oid)) throw new DerError('extension stands twice', list.elementStart);
    extensions.set(extension.oid, extension);
  } while (!list.atEnd);
  return extensions;
}

function readExtension(cursor: DerCursor): Extension {
  const fields = cursor.sequence();
  const oid = fields.objectIdentifier();
  let critical = false;
  if (fields.nextTag === TAG.BOOLEAN) {
    critical = fields.boolean();
    // X.690 11.5: a value equal to the default is left out.
    if (!critical) throw new DerError('default value is encoded', fields.elementStart);
  }
  const value = fields.octetString();
  fields.expectEnd();
  return { oid, critical, value };
}
