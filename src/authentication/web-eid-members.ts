/**
 * The JSON of a Web eID token: its size, its members, and the base64 in them. Unknown at the edge, read once.
 */
import { EvidenceError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { readUnverifiedCertificate } from './card-evidence.ts';

/** Characters, both included. */
const SHORTEST_TOKEN = 100;
const LONGEST_TOKEN = 10_000;

/** Own members of a JSON object by their names. */
export type Members = ReadonlyMap<string, unknown>;

/**
 * @param token parsed JSON, or its text. What is parsed already is measured by its shortest text.
 * @throws EvidenceError WEB_EID_TOKEN_MALFORMED
 */
export function readTokenMembers(token: unknown): Members {
  const text = typeof token === 'string' ? token : textOf(token);
  if (text.length < SHORTEST_TOKEN || text.length > LONGEST_TOKEN) {
    throw malformed('the token is shorter or longer than any token', { characters: text.length });
  }
  const members = membersOf(typeof token === 'string' ? parse(text) : token);
  if (members === undefined) throw malformed('the token is not a JSON object');
  return members;
}

/** Undefined when the value is not a JSON object. */
export function membersOf(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value))
    : undefined;
}

/**
 * RFC 4648 4 in its one spelling: padded, no line breaks, no bits beyond the last octet.
 * @throws EvidenceError WEB_EID_TOKEN_MALFORMED
 */
export function readBase64(value: unknown, member: string): Uint8Array {
  if (typeof value !== 'string' || value === '') throw malformed('a member is absent, empty or no text', { member });
  const octets = Buffer.from(value, 'base64');
  if (octets.toString('base64') !== value) throw malformed('a member is not base64', { member });
  return octets;
}

/**
 * One certificate: what follows it makes it malformed, another certificate too (S5).
 * @throws EvidenceError WEB_EID_TOKEN_MALFORMED; CertificateError CERT_TOO_LARGE, CERT_MALFORMED
 */
export function readBase64Certificate(value: unknown, member: string): Certificate {
  return readUnverifiedCertificate(readBase64(value, member));
}

export function malformed(message: string, detail: Readonly<Record<string, unknown>> = {}): EvidenceError {
  return new EvidenceError('WEB_EID_TOKEN_MALFORMED', message, { detail });
}

function textOf(token: unknown): string {
  try {
    // No text for what JSON has no word for, such as undefined.
    return JSON.stringify(token) ?? '';
  } catch {
    throw malformed('the token cannot be JSON');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the parser's message, which would quote the token.
    throw malformed('the token is not JSON');
  }
}
