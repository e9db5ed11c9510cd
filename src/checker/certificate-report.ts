/**
 * The readable verdict on one certificate: the path found, each rule with its clause, the first that failed, and what to
 * do. For officers: it shows the names of CAs, and of the certificate that the officer has in hand.
 */
import { CertificateError, type Code, ThiqaError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { Name } from '../pki/name.ts';
import {
  type CandidatePath,
  findValidPath,
  type PathOptions,
  requireKeyOfItsKind,
  type ValidatedPath,
} from '../pki/path-validation.ts';
import { decideRevocation, type RevocationEvidence, requireGood } from '../pki/revocation.ts';
import type { RevocationPolicies } from '../pki/revocation-policy.ts';
import { adviceFor } from './advice.ts';
import { indexOfClause, rulesAt } from './path-rules.ts';

export interface ReportOptions extends PathOptions {
  /** Absent: revocation is not checked, and the report says so. */
  readonly evidence?: RevocationEvidence;
  /** Of the document; the default ones otherwise. */
  readonly revocationPolicies?: RevocationPolicies | undefined;
  /** What the document profile demands beside the path; throws a coded error. */
  readonly requireProfile?: (path: ValidatedPath) => void;
}

export interface CertificateReport {
  readonly verdict: 'valid' | 'invalid';
  readonly code?: Code;
  readonly text: string;
}

export function reportCertificate(certificate: Certificate, options: ReportOptions): CertificateReport {
  const failed = new Map<unknown, CandidatePath>();
  const lines = [
    `subject     ${nameText(certificate.subject)}`,
    `issuer      ${nameText(certificate.issuer)}`,
    `serial      ${certificate.serialNumber}`,
    `valid       ${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}`,
    `SHA-256     ${certificate.sha256}`,
    `checked at  ${options.at.toISOString()} for ${options.purpose}`,
    '',
  ];
  try {
    const path = findValidPath(certificate, {
      ...options,
      observe: (candidate, error) => failed.set(error, candidate),
    });
    lines.push(...pathLines(path, undefined), `policies    ${path.policies.join(' ') || 'none'}`);
    requireKeyOfItsKind(path);
    options.requireProfile?.(path);
    if (options.evidence === undefined) lines.push('revocation  not checked');
    else {
      const status = decideRevocation(path, options.evidence, {
        at: options.at,
        policies: options.revocationPolicies,
      });
      lines.push(
        `revocation  ${status.status}${status.evidence === undefined ? '' : ` (by ${status.evidence.source} of ${status.evidence.thisUpdate.toISOString()})`}`,
      );
      requireGood(status);
    }
    lines.push('', 'VALID');
    return { verdict: 'valid', text: lines.join('\n') };
  } catch (error) {
    if (!(error instanceof ThiqaError)) throw error;
    const candidate = failed.get(error);
    if (candidate !== undefined && error instanceof CertificateError) lines.push(...pathLines(candidate, error));
    const clause = typeof error.detail.clause === 'string' ? ` (${error.detail.clause})` : '';
    lines.push('', `INVALID     ${error.code}${clause}: ${error.message}`, `what to do  ${adviceFor(error.code)}`);
    return { verdict: 'invalid', code: error.code, text: lines.join('\n') };
  }
}

/** From the anchor down, as validation goes. */
function pathLines({ certificates, anchor }: CandidatePath, error: CertificateError | undefined): string[] {
  const failedDepth = error === undefined ? -1 : Number(error.detail.depth);
  const lines = [`anchor      ${nameText(anchor.certificate.subject)}  key ${anchor.certificate.publicKey.keySha256}`];
  if (error !== undefined && failedDepth === certificates.length)
    lines.push(`   FAILED   ${String(error.detail.clause)}  ${error.message}`);
  for (let depth = certificates.length - 1; depth >= 0; depth -= 1) {
    const certificate = certificates[depth];
    if (certificate === undefined) continue;
    lines.push(`${depth === 0 ? 'leaf' : 'CA  '}        ${nameText(certificate.subject)}`);
    const failedRule =
      error !== undefined && depth === failedDepth ? indexOfClause(String(error.detail.clause), depth, error.code) : -1;
    for (const [index, { clause, rule }] of rulesAt(depth).entries()) {
      const reached = error === undefined || depth > failedDepth || (depth === failedDepth && index <= failedRule);
      const outcome = !reached ? '-' : index === failedRule ? 'FAILED' : 'holds';
      lines.push(`   ${outcome.padEnd(8)} ${clause.padEnd(15)} ${rule}`);
    }
  }
  return lines;
}

const ATTRIBUTE_LABELS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.42': 'GN',
};

/** For reading only: control and direction characters are taken out, and nothing is ever decided on this text. */
function nameText(name: Name): string {
  const text = name.attributes
    .map(({ type, value }) => `${ATTRIBUTE_LABELS[type] ?? type}=${value ?? '(not a text)'}`)
    .join(', ');
  return text.replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '') || '(empty)';
}
