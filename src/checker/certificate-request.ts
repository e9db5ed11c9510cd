/**
 * One question to the certificate checker, as a line of JSON. Unknown at the edge, parsed once, here.
 */
import { z } from 'zod';
import { ServiceError } from '../errors.ts';

/** A path is some certificates; what is far more is no question about one. */
const MOST_ITEMS = 10_000;

const der = z
  .base64()
  .max(64 * 1024 * 1024)
  .transform((text) => Buffer.from(text, 'base64'));
const ders = z.array(der).max(MOST_ITEMS);
const oid = z.string().regex(/^[0-2](\.(0|[1-9]\d*))+$/, 'must be an object identifier in dotted decimal');
const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const requestSchema = z.strictObject({
  id: z.union([z.string(), z.number()]),
  certificates: ders.min(1),
  anchors: ders,
  crls: ders.optional(),
  ocspResponses: ders.optional(),
  at: instant,
  purpose: z.enum(['clientAuth', 'serverAuth', 'any']),
  revocation: z.enum(['required', 'off']),
  maxRevocationAgeSeconds: z.int().min(1).optional(),
  maxIntermediates: z.int().min(0).optional(),
  algorithms: z.enum(['default', 'legacy']).optional(),
  anchorAs: z.enum(['certificate', 'key']).default('certificate'),
  strict: z.boolean().optional(),
  policy: z
    .strictObject({
      initialPolicySet: z.array(oid).optional(),
      requireExplicitPolicy: z.boolean().optional(),
      inhibitPolicyMapping: z.boolean().optional(),
      inhibitAnyPolicy: z.boolean().optional(),
    })
    .default({}),
});

export type CertificateRequest = z.output<typeof requestSchema>;

/**
 * @throws ServiceError REQUEST_MALFORMED, whose message names each member that is wrong and quotes none
 */
export function parseCertificateRequest(value: unknown): CertificateRequest {
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'the request' : path.join('.')}: ${message}`,
  );
  throw new ServiceError('REQUEST_MALFORMED', problems.slice(0, 5).join('; '));
}
