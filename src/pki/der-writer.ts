/**
 * Writes DER (X.690): the few types that an OCSP request is made of.
 */
import { TAG } from './der.ts';

/** One element of definite, minimal length. */
export function encodeElement(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const digits: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  const length = content.length < 0x80 ? [content.length] : [0x80 | digits.length, ...digits];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

export function encodeSequence(...elements: readonly Uint8Array[]): Buffer {
  return encodeElement(TAG.SEQUENCE, ...elements);
}

export function encodeOctetString(content: Uint8Array): Buffer {
  return encodeElement(TAG.OCTET_STRING, content);
}

/** `[number] EXPLICIT` */
export function encodeExplicit(number: number, element: Uint8Array): Buffer {
  return encodeElement(TAG.CONTEXT_CONSTRUCTED | number, element);
}

/** From dotted decimal whose arcs are below 2^31, as those of every registered algorithm and extension are. */
export function encodeObjectIdentifier(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const digits = [arc & 0x7f];
    for (let higher = arc >>> 7; higher > 0; higher >>>= 7) digits.unshift((higher & 0x7f) | 0x80);
    octets.push(...digits);
  }
  return encodeElement(TAG.OBJECT_IDENTIFIER, Buffer.from(octets));
}
