/**
 * The `revocation` part of a document of the configuration: the policy of each issuing CA, named by its certificate or by
 * its key. What an entry does not say is as the part itself says for every CA of the document, or else the default.
 */
import { z } from 'zod';
import type { Certificate } from './pki/certificate.ts';
import {
  DEFAULT_POLICY,
  REVOCATION_METHODS,
  type RevocationMethod,
  type RevocationPolicies,
  type RevocationPolicy,
} from './pki/revocation-policy.ts';

const LONGEST_EXCEPTION_DAYS = 7;
const DAY_MS = 86_400_000;
const YEAR_SECONDS = 366 * 86_400;

const path = z.string().min(1);
const seconds = (most: number) => z.int().min(1).max(most);
const responder = z.string().refine((address) => /^https?:\/\/[^/]/i.test(address) && URL.canParse(address), {
  message: 'must be an http or https address',
});

const policyFields = {
  sources: z
    .array(z.enum(REVOCATION_METHODS))
    .min(1)
    .refine((sources) => new Set(sources).size === sources.length, 'must name each source once')
    .optional(),
  maxAgeSeconds: seconds(YEAR_SECONDS).optional(),
  strict: z.boolean().optional(),
  crlIssuers: z.array(path).optional(),
  crl: z.strictObject({ fromCertificate: z.boolean() }).optional(),
  ocsp: z
    .strictObject({
      responder: responder.optional(),
      pinnedResponders: z.array(path).optional(),
      timeoutSeconds: seconds(30).optional(),
      nonce: z.boolean().optional(),
      keepSeconds: seconds(YEAR_SECONDS).optional(),
    })
    .optional(),
};

const issuerSchema = z
  .strictObject({
    certificate: path.optional(),
    keySha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')
      .optional(),
    ...policyFields,
    exception: z
      .strictObject({
        until: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-12-01T12:00:00Z' }),
        reason: z.string().trim().min(1).max(500),
      })
      .optional(),
  })
  .refine(({ certificate, keySha256 }) => (certificate === undefined) !== (keySha256 === undefined), {
    message: 'must name the CA, by either certificate or keySha256',
  });

export const revocationSchema = z.strictObject({ ...policyFields, issuers: z.array(issuerSchema).default([]) });

type PolicyFields = Pick<z.output<typeof revocationSchema>, keyof typeof policyFields>;

/** Whether some status could become known without a CRL that the configuration names. */
export function needsNoConfiguredCrl({ issuers, ...defaults }: z.output<typeof revocationSchema>): boolean {
  return [defaults, ...issuers].some((fields) => {
    const sources: readonly RevocationMethod[] = fields.sources ?? defaults.sources ?? DEFAULT_POLICY.methods;
    const fromCertificate = fields.crl?.fromCertificate ?? defaults.crl?.fromCertificate ?? false;
    return sources.includes('ocsp') || (sources.includes('crl') && fromCertificate);
  });
}

/** How the files that an entry names are read; a problem is reported, and yields nothing. */
export interface CertificateFiles {
  readonly certificate: (at: string, file: string) => readonly Certificate[];
  /** As `certificate`, and the certificate is that of a CA. */
  readonly ca: (at: string, file: string) => readonly Certificate[];
}

/**
 * @param at the time of reading: an exception must end soon after it
 * @param report where in the part, and what
 */
export function readRevocationPolicies(
  { issuers, ...defaults }: z.output<typeof revocationSchema>,
  at: Date,
  files: CertificateFiles,
  report: (path: string, message: string) => void,
): RevocationPolicies {
  const others = withFields(DEFAULT_POLICY, defaults, '', files);
  const byIssuerKey = new Map<string, RevocationPolicy>();
  for (const [index, issuer] of issuers.entries()) {
    const place = `issuers.${index}.`;
    const { certificate, keySha256, exception } = issuer;
    const keys =
      certificate === undefined
        ? [keySha256 ?? '']
        : files.ca(`${place}certificate`, certificate).map(({ publicKey }) => publicKey.keySha256);
    const policy = withFields(others, issuer, place, files);
    if (issuer.ocsp !== undefined && !policy.methods.includes('ocsp'))
      report(`${place}ocsp`, 'is of no use while sources does not list ocsp');
    const until = exception && new Date(exception.until);
    if (until && until.getTime() > at.getTime() + LONGEST_EXCEPTION_DAYS * DAY_MS)
      report(`${place}exception.until`, `must be at most ${LONGEST_EXCEPTION_DAYS} days ahead`);
    for (const key of keys) {
      if (byIssuerKey.has(key)) report(`issuers.${index}`, 'names a CA that an entry above names already');
      byIssuerKey.set(key, {
        ...policy,
        ...(exception && until && { exception: { until, reason: exception.reason } }),
      });
    }
  }
  return { others, byIssuerKey };
}

function withFields(
  base: RevocationPolicy,
  fields: PolicyFields,
  place: string,
  files: CertificateFiles,
): RevocationPolicy {
  const { sources, maxAgeSeconds, strict, crlIssuers, crl, ocsp } = fields;
  const { responder: address, pinnedResponders, timeoutSeconds, nonce, keepSeconds } = ocsp ?? {};
  const readAll = (at: string, list: readonly string[]): readonly Certificate[] =>
    list.flatMap((file, index) => files.certificate(`${place}${at}.${index}`, file));
  return {
    methods: sources ?? base.methods,
    maxAgeSeconds: maxAgeSeconds ?? base.maxAgeSeconds,
    strict: strict ?? base.strict,
    crlIssuers: crlIssuers === undefined ? base.crlIssuers : readAll('crlIssuers', crlIssuers),
    crlFromCertificate: crl?.fromCertificate ?? base.crlFromCertificate,
    ocsp: {
      responder: address ?? base.ocsp.responder,
      pinnedResponders:
        pinnedResponders === undefined
          ? base.ocsp.pinnedResponders
          : readAll('ocsp.pinnedResponders', pinnedResponders),
      timeoutSeconds: timeoutSeconds ?? base.ocsp.timeoutSeconds,
      nonce: nonce ?? base.ocsp.nonce,
      keepSeconds: keepSeconds ?? base.ocsp.keepSeconds,
    },
  };
}
