/**
 * Paths of the test authority, asked of path validation: what a test changes is the one thing that differs from a good path.
 */
import { expect } from 'chai';
import { type CertificateCode, CertificateError } from '../../src/errors.ts';
import { type Certificate, parseCertificate } from '../../src/pki/certificate.ts';
import { findValidPath, type PathOptions, type ValidatedPath } from '../../src/pki/path-validation.ts';
import { createTrustAnchor, type TrustAnchor, type TrustAnchorOptions } from '../../src/pki/trust-anchor.ts';
import { AT } from './authority.ts';
import { expectRefusal } from './refusal.ts';

interface Issued {
  readonly certificate: Uint8Array;
}

export function parse({ certificate }: Issued): Certificate {
  return parseCertificate(certificate);
}

export function anchorOf(root: Issued, options: TrustAnchorOptions = {}): TrustAnchor {
  return createTrustAnchor(parse(root), options);
}

/** The path from the first of `issued`, the end entity, to the last of them, the anchor, at AT for clientAuth. */
export function findPath(
  issued: readonly Issued[],
  options: Partial<PathOptions> & TrustAnchorOptions = {},
): ValidatedPath {
  const [leaf, ...above] = issued;
  const root = above.pop();
  if (!leaf || !root) throw new TypeError('a path has an end entity and an anchor');
  const { anchorAs, allowMissingBasicConstraints, ...rest } = options;
  return findValidPath(parse(leaf), {
    intermediates: above.map(parse),
    anchors: [
      anchorOf(root, {
        ...(anchorAs && { anchorAs }),
        ...(allowMissingBasicConstraints !== undefined && { allowMissingBasicConstraints }),
      }),
    ],
    at: AT,
    purpose: 'clientAuth',
    ...rest,
  });
}

/** Expects a refusal with this code, under this clause, of the certificate at this depth (0 is the end entity). */
export async function expectClause(
  step: () => unknown,
  code: CertificateCode,
  clause: string,
  depth?: number,
): Promise<CertificateError> {
  const error = await expectRefusal(step, CertificateError, code);
  expect(error.detail.clause).to.equal(clause);
  if (depth !== undefined) expect(error.detail.depth).to.equal(depth);
  return error as CertificateError; // expectRefusal is what says so
}
