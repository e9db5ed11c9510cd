/**
 * One question to the certificate checker, as a line of JSON.
 */
import { z } from 'zod';
import { ders, instant, oid, parseRequest, requestId } from './request-values.ts';

const requestSchema = z.strictObject({
  id: requestId,
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
  return parseRequest(requestSchema, value);
}
