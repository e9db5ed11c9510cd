import { rootCertificates } from 'node:tls';
import { expect } from 'chai';
import { CertificateError } from '../../src/errors.ts';
import { findValidPath } from '../../src/pki/path-validation.ts';
import { AT, createTestAuthority, issueTestCard } from '../support/authority.ts';
import { anchorOf, parse } from '../support/path.ts';
import { fromPem, parseIfWellFormed } from '../support/path-question.ts';
import { expectRefusal } from '../support/refusal.ts';

describe('S7: the trust store of the system', () => {
  const { root, issuing } = createTestAuthority();
  const options = { at: AT, purpose: 'any', strict: false, algorithms: 'legacy' } as const;

  it('is no trust store of ours: no root of the bundle of Node leads anywhere', async () => {
    const bundle = rootCertificates.flatMap((pem) => parseIfWellFormed(fromPem(pem)));
    expect(bundle.length).to.be.greaterThan(rootCertificates.length / 2);
    for (const certificate of bundle) {
      const step = () => findValidPath(certificate, { ...options, intermediates: bundle, anchors: [anchorOf(root)] });
      await expectRefusal(step, CertificateError, 'CERT_ISSUER_UNKNOWN');
    }
  });

  it('is not asked when no anchor is given', async () => {
    const leaf = parse(issueTestCard(issuing));
    const step = () => findValidPath(leaf, { ...options, intermediates: [parse(issuing), parse(root)], anchors: [] });
    await expectRefusal(step, CertificateError, 'CERT_ISSUER_UNKNOWN');
  });
});
