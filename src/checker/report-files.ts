/**
 * The report on files: one certificate, against the documents of a configuration as in a sign-in, with the CRLs of their
 * files and those among the files. CA certificates among the files complete the path. They are not trusted for being
 * given; only where no configuration names a trust anchor, a self-signed CA among them stands in, and the report says so.
 */
import { readFileSync } from 'node:fs';
import { pathPolicies, requireProfile } from '../authentication/accepted-document.ts';
import type { ConfiguredDocument } from '../document-configuration.ts';
import { CertificateError, ConfigurationError, ThiqaError } from '../errors.ts';
import { type Certificate, parseCertificate } from '../pki/certificate.ts';
import { readEvidence } from '../pki/revocation.ts';
import { createTrustAnchor } from '../pki/trust-anchor.ts';
import { type CertificateReport, type ReportOptions, reportCertificate } from './certificate-report.ts';

export interface ReportFilesOptions {
  readonly documents: readonly ConfiguredDocument[];
  /** The document that the certificate should be; any of the configuration unless told. */
  readonly profile?: string | undefined;
  readonly at: Date;
}

/**
 * @param files PEM (one object or several) or DER; the first certificate is the one in question
 * @throws ConfigurationError CONFIG_UNREADABLE, or CONFIG_INVALID for a profile that the configuration does not have
 */
export function reportFiles(files: readonly string[], options: ReportFilesOptions): CertificateReport {
  const objects = files.flatMap(readObjects);
  const [first, ...others] = objects.filter(({ kind }) => kind === 'certificate');
  if (first === undefined) throw new ConfigurationError('CONFIG_UNREADABLE', 'no certificate is among the files');
  let certificate: Certificate;
  try {
    certificate = parseCertificate(first.der);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return { verdict: 'invalid', code: error.code, text: `INVALID     ${error.code}: ${error.message}` };
  }
  const extra = others.flatMap(({ der }) => parseIfWellFormed(der));
  const crls = objects.filter(({ kind }) => kind === 'crl').map(({ der }) => der);
  const { profile } = options;
  const documents = options.documents.filter((document) => profile === undefined || document.profile.id === profile);
  if (profile !== undefined && documents.length === 0) {
    throw new ConfigurationError('CONFIG_INVALID', `the configuration has no document of the profile ${profile}`);
  }
  const attempts =
    documents.length === 0
      ? [withoutDocument(extra, crls, options.at)]
      : documents.map((document) => withDocument(document, extra, crls, options.at));
  const reports = attempts.map(({ heading, settings }) => {
    const report = reportCertificate(certificate, settings);
    return { ...report, text: `${heading}\n${report.text}` };
  });
  const best =
    reports.find(({ verdict }) => verdict === 'valid') ??
    reports.find(({ code }) => code !== 'CERT_ISSUER_UNKNOWN') ??
    reports[0];
  if (best === undefined) throw new TypeError('there is at least one attempt');
  return best;
}

interface Attempt {
  readonly heading: string;
  readonly settings: ReportOptions;
}

function withDocument(
  document: ConfiguredDocument,
  extra: readonly Certificate[],
  given: readonly Uint8Array[],
  at: Date,
): Attempt {
  const { profile, anchors } = document;
  const intermediates = [...document.intermediates, ...extra];
  const files = document.crls
    .filter((crl) => !/^https?:/i.test(crl))
    .flatMap((file) => readObjects(file).map(({ der }) => der));
  return {
    heading: `document    ${profile.id} (${profile.title})`,
    settings: {
      intermediates,
      anchors,
      at,
      purpose: 'clientAuth',
      ...pathPolicies(profile),
      evidence: readEvidence({ crls: [...files, ...given], certificates: intermediates }),
      revocationPolicies: document.revocationPolicies,
      requireProfile: ({ certificates: [leaf] }) => leaf && requireProfile(leaf, profile),
    },
  };
}

function withoutDocument(extra: readonly Certificate[], given: readonly Uint8Array[], at: Date): Attempt {
  const anchors = extra
    .filter(({ isSelfIssued }) => isSelfIssued)
    .flatMap((ca) => {
      try {
        return [createTrustAnchor(ca)];
      } catch (error) {
        if (error instanceof ThiqaError) return [];
        throw error;
      }
    });
  return {
    heading:
      'document    none: self-signed CAs among the files stand in as trust anchors; no service trusts them for that',
    settings: {
      intermediates: extra,
      anchors,
      at,
      purpose: 'any',
      ...(given.length > 0 && { evidence: readEvidence({ crls: given, certificates: extra }) }),
    },
  };
}

interface FileObject {
  readonly kind: 'certificate' | 'crl';
  readonly der: Buffer;
}

/** @throws ConfigurationError CONFIG_UNREADABLE */
function readObjects(file: string): FileObject[] {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (cause) {
    throw new ConfigurationError('CONFIG_UNREADABLE', `${file} cannot be read`, { cause });
  }
  const blocks = [
    ...content
      .toString('latin1')
      .matchAll(/-----BEGIN (CERTIFICATE|X509 CRL)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g),
  ];
  if (blocks.length > 0) {
    return blocks.map(([, label, base64 = '']) => ({
      kind: label === 'CERTIFICATE' ? 'certificate' : 'crl',
      der: Buffer.from(base64, 'base64'),
    }));
  }
  return [{ kind: /\.crl$/i.test(file) ? 'crl' : 'certificate', der: content }];
}

function parseIfWellFormed(der: Uint8Array): Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch (error) {
    if (error instanceof CertificateError) return [];
    throw error;
  }
}
