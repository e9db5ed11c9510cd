/**
 * One question to the Web eID checker, as a line of JSON.
 */
import { z } from 'zod';
import { ders, instant, oid, parseRequest, requestId } from './request-values.ts';

/** As browsers serialise it: `scheme://host[:port]`, in lower case, without default port, path or trailing slash. */
const origin = z
  .string()
  .max(512)
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && ['https:', 'http:'].includes(url.protocol) && url.origin === text;
  }, 'must be an origin, without a trailing slash');

const requestSchema = z.strictObject({
  id: requestId,
  /** Whatever the extension answered; what is no token gets its own code. */
  token: z.unknown().optional(),
  origin,
  /** The extension signs a text of 44 to 128 characters and never decodes it. */
  nonce: z.string().min(44).max(128),
  anchors: ders,
  intermediates: ders.default([]),
  at: instant,
  revocation: z.enum(['required', 'off']),
  ocspResponses: ders.default([]),
  /** Beyond what a Web eID validator asks for: the status of the CAs on a longer path. */
  crls: ders.default([]),
  disallowedPolicies: z.array(oid).default([]),
});

export type WebEidRequest = z.output<typeof requestSchema>;

/** @throws ServiceError REQUEST_MALFORMED */
export function parseWebEidRequest(value: unknown): WebEidRequest {
  return parseRequest(requestSchema, value);
}
