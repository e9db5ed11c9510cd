/**
 * A document of the configuration: its profile (a file of `config/profiles/`), the CA certificates that are trusted to
 * issue it, pinned by key, the addresses of its CRLs, and the revocation policy of each issuing CA.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { CertificateError, ThiqaError } from './errors.ts';
import { DOCUMENT_TYPES, type DocumentProfile } from './identity/document-profile.ts';
import { AUTHENTICATION_METHODS, LEVELS_OF_ASSURANCE } from './identity/level-of-assurance.ts';
import { type Certificate, parseCertificate } from './pki/certificate.ts';
import { KEY_USAGE_BITS } from './pki/certificate-extensions.ts';
import type { RevocationPolicies } from './pki/revocation-policy.ts';
import { createTrustAnchor, type TrustAnchor } from './pki/trust-anchor.ts';
import { needsNoConfiguredCrl, readRevocationPolicies, revocationSchema } from './revocation-configuration.ts';

const oid = z.string().regex(/^[0-2](\.(0|[1-9]\d*))+$/, 'must be an object identifier in dotted decimal');
const location = { in: z.enum(['subject', 'subjectDirectoryAttributes']).default('subject'), oid };
const optional = z.boolean().default(false);
const name = z.strictObject({
  ...location,
  // BCP 47: language, script, region.
  language: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$/, 'must be a language tag such as ar or zgh-Tfng')
    .optional(),
  optional,
});
const wholePattern = z.string().transform((source, context) => {
  try {
    return new RegExp(`^(?:${source})$`, 'u');
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a regular expression' });
    return z.NEVER;
  }
});

const profileSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string().min(1),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code'),
  policies: z.array(oid),
  policiesOf: z.enum(['path', 'certificate']).default('path'),
  refusedPolicies: z.array(oid).default([]),
  keyUsage: z.strictObject({
    required: z.array(z.enum(KEY_USAGE_BITS)).min(1),
    refused: z.array(z.enum(KEY_USAGE_BITS)).default([]),
  }),
  attributes: z.strictObject({
    nationalIdentifier: z.strictObject({
      ...location,
      syntax: z.enum(['etsi', 'plain']),
      register: z.string().regex(/^[A-Z]{2,8}$/),
      pattern: wholePattern,
    }),
    familyName: z.array(name).min(1),
    givenName: z.array(name).min(1),
    birthDate: z.strictObject({ ...location, optional }).optional(),
    gender: z.strictObject({ ...location, optional }).optional(),
  }),
  document: z
    .strictObject({
      type: z.enum(DOCUMENT_TYPES),
      issuingState: z.string().regex(/^[A-Z]{3}$/, 'must be three letters (ICAO Doc 9303-3 section 5)'),
      number: z.strictObject({ ...location, optional }).optional(),
      expiry: z.literal('certificate').optional(),
      placeOfIssue: z.strictObject({ ...location, optional }).optional(),
    })
    .optional(),
  trustFramework: z
    .string()
    .regex(/^[\x21-\x7e]{1,100}$/, 'must be one word')
    .optional(),
  assurance: z.strictObject({
    level: z.enum(LEVELS_OF_ASSURANCE),
    methods: z.array(z.enum(AUTHENTICATION_METHODS)).min(1),
  }),
});

const path = z.string().min(1);

/** CAs that are trusted to issue certificates of one kind, and where the status of these stands. */
const authorityFields = {
  trustAnchors: z
    .array(
      z.strictObject({
        certificate: path,
        keySha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
      }),
    )
    .min(1),
  intermediates: z.array(path).default([]),
  crls: z.array(path).default([]),
  revocation: revocationSchema.prefault({}),
};

export const authoritiesSchema = z.strictObject(authorityFields).superRefine(requireStatusSource);

export const documentSchema = z
  .strictObject({ profile: path, policies: z.array(oid).min(1).optional(), ...authorityFields })
  .superRefine(requireStatusSource);

function requireStatusSource(
  { crls, revocation }: Pick<z.output<z.ZodObject<typeof authorityFields>>, 'crls' | 'revocation'>,
  context: z.RefinementCtx,
): void {
  if (crls.length > 0 || needsNoConfiguredCrl(revocation)) return;
  const message = 'without a CRL nobody could sign in: no status is ever good by default';
  context.addIssue({ code: 'custom', path: ['crls'], message });
}

export interface ConfiguredDocument extends ConfiguredAuthorities {
  readonly profile: DocumentProfile;
}

export interface ConfiguredAuthorities {
  readonly anchors: readonly TrustAnchor[];
  readonly intermediates: readonly Certificate[];
  /** Absolute file paths, and http or https addresses. */
  readonly crls: readonly string[];
  readonly revocationPolicies: RevocationPolicies;
}

/**
 * Reads the files that one entry of `documents` names. A problem is reported and reading goes on, so that all are seen.
 * @param at the time of reading, which bounds exceptions to the revocation policy
 * @param report where in the entry, and what
 */
export function readDocument(
  entry: z.output<typeof documentSchema>,
  base: string,
  at: Date,
  report: (path: string, message: string) => void,
): ConfiguredDocument {
  const profile = readProfile(resolve(base, entry.profile), entry.policies, (place, message) =>
    report(place === '' ? 'profile' : `profile.${place}`, message),
  );
  return { profile, ...readAuthorities(entry, base, at, report) };
}

/** As `readDocument`, for CAs alone. */
export function readAuthorities(
  entry: z.output<typeof authoritiesSchema>,
  base: string,
  at: Date,
  report: (path: string, message: string) => void,
): ConfiguredAuthorities {
  const attempt = <T>(place: string, read: () => T): T[] => {
    try {
      return [read()];
    } catch (error) {
      report(
        place,
        error instanceof ThiqaError ? `${error.code}: ${error.message}` : `the file cannot be read: ${reasonOf(error)}`,
      );
      return [];
    }
  };
  const certificate = (file: string): Certificate => readCertificateFile(resolve(base, file));

  const anchors = entry.trustAnchors.flatMap(({ certificate: file, keySha256 }, index) =>
    attempt(`trustAnchors.${index}.certificate`, () => createTrustAnchor(certificate(file), { keySha256 })),
  );
  const intermediates = entry.intermediates.flatMap((file, index) =>
    attempt(`intermediates.${index}`, () => certificate(file)),
  );
  const crls = entry.crls.map((crl, index) => {
    const address = /^[a-z]+:\/\//i.test(crl) ? URL.parse(crl) : undefined;
    if (address === undefined) return resolve(base, crl);
    if (address === null || !['http:', 'https:'].includes(address.protocol))
      report(`crls.${index}`, 'must be a file, or an http or https address');
    return crl;
  });
  const within = (place: string): string => `revocation.${place}`;
  const revocationPolicies = readRevocationPolicies(
    entry.revocation,
    at,
    {
      certificate: (place, file) => attempt(within(place), () => certificate(file)),
      ca: (place, file) => attempt(within(place), () => createTrustAnchor(certificate(file)).certificate),
    },
    (place, message) => report(within(place), message),
  );
  return { anchors, intermediates, crls, revocationPolicies };
}

function readProfile(
  file: string,
  policies: readonly string[] | undefined,
  report: (path: string, message: string) => void,
): DocumentProfile {
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    report('', `the file cannot be read: ${reasonOf(error)}`);
    return EMPTY_PROFILE;
  }
  const parsed = profileSchema.safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) report(issue.path.join('.'), issue.message);
    return EMPTY_PROFILE;
  }
  const { attributes, document, trustFramework, ...rest } = parsed.data;
  const { nationalIdentifier, birthDate, gender, familyName, givenName } = attributes;
  const profile: DocumentProfile = {
    ...rest,
    policies: policies ?? rest.policies,
    nationalIdentifier: {
      in: nationalIdentifier.in,
      oid: nationalIdentifier.oid,
      rule: {
        syntax: nationalIdentifier.syntax,
        country: rest.country,
        register: nationalIdentifier.register,
        pattern: nationalIdentifier.pattern,
      },
    },
    familyName: familyName.map(withoutUndefined),
    givenName: givenName.map(withoutUndefined),
    ...(birthDate && { birthDate }),
    ...(gender && { gender }),
    ...(document && { document: withoutAbsent(document) }),
    ...(trustFramework !== undefined && { trustFramework }),
  };
  if (profile.policies.length === 0)
    report('policies', 'a document without a certificate policy accepts nothing; set the policy of its CA');
  return profile;
}

/** Stands for a profile that could not be read while the other problems are collected; the configuration is refused. */
const EMPTY_PROFILE: DocumentProfile = {
  id: '',
  title: '',
  country: '',
  policies: [],
  keyUsage: { required: [], refused: [] },
  nationalIdentifier: { in: 'subject', oid: '', rule: { syntax: 'plain', country: '', register: '', pattern: /(?!)/ } },
  familyName: [],
  givenName: [],
  assurance: { level: 'low', methods: [] },
};

/**
 * One certificate, PEM or DER. A file of several is refused: which of them is meant cannot be known.
 * @throws CertificateError CERT_MALFORMED, CERT_TOO_LARGE; the file system's error
 */
export function readCertificateFile(file: string): Certificate {
  const content = readFileSync(file);
  const blocks = [
    ...content.toString('latin1').matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g),
  ];
  if (blocks.length > 1) {
    throw new CertificateError('CERT_MALFORMED', `the file holds ${blocks.length} certificates, and one is expected`);
  }
  const base64 = blocks[0]?.[1];
  return parseCertificate(base64 === undefined ? content : Buffer.from(base64, 'base64'));
}

function withoutUndefined<T extends { language?: string | undefined }>(
  value: T,
): Omit<T, 'language'> & { language?: string } {
  const { language, ...rest } = value;
  return language === undefined ? rest : { ...rest, language };
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Only the members that have a value. */
function withoutAbsent<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>; // by the filter
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'malformed';
}
