import { expect } from 'chai';
import { extendedKeyUsage, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { CertificateError } from '../../src/errors.ts';
import { createTestAuthority, issueTestCa, issueTestCard } from '../support/authority.ts';
import { findPath, parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();

describe('S19: key usage counts whether it is critical or not', () => {
  for (const isCritical of [true, false]) {
    const how = isCritical ? 'critical' : 'not critical';

    it(`of a CA that may only sign CRLs: refused (${how})`, async () => {
      const ca = issueTestCa(root, { extensions: { keyUsage: keyUsage(['cRLSign'], isCritical) } });
      await expectRefusal(() => findPath([issueTestCard(ca), ca, root]), CertificateError, 'CERT_KEY_USAGE_REFUSED');
    });

    it(`of a card is what it says, for the document profile to decide (${how})`, () => {
      const card = issueTestCard(issuing, { extensions: { keyUsage: keyUsage(['nonRepudiation'], isCritical) } });
      expect([...(parse(card).keyUsage ?? [])]).to.deep.equal(['nonRepudiation']);
    });

    it(`the extended one of a card for another purpose: refused (${how})`, async () => {
      const extensions = { extendedKeyUsage: extendedKeyUsage(['emailProtection'], isCritical) };
      const step = () => findPath([issueTestCard(issuing, { extensions }), issuing, root]);
      await expectRefusal(step, CertificateError, 'CERT_EXTENDED_KEY_USAGE_REFUSED');
    });
  }
});
