import { expect } from 'chai';
import { authorityKeyIdentifier } from '../../src/demo/certificate-extensions.ts';
import { CertificateError, ConfigurationError } from '../../src/errors.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';
import { createTestAuthority, issueTestCa, issueTestCard } from '../support/authority.ts';
import { findPath, parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

// Two authorities whose certificates have the same names and other keys.
const trusted = createTestAuthority();
const impostor = createTestAuthority();

describe('S6: two roots of one name with different keys', () => {
  it('only the pinned key counts', async () => {
    const good = issueTestCard(trusted.issuing);
    expect(findPath([good, trusted.issuing, trusted.root]).certificates).to.have.lengthOf(2);
    const forged = issueTestCard(impostor.issuing);
    const step = () => findPath([forged, impostor.issuing, trusted.root]);
    await expectRefusal(step, CertificateError, 'CERT_ISSUER_UNKNOWN');
  });

  it('only the pinned key counts, although the impostor names the key identifier of the other', async () => {
    const extensions = { authorityKeyIdentifier: authorityKeyIdentifier(trusted.root.keys.publicKey) };
    const ca = issueTestCa(impostor.root, { extensions });
    const step = () => findPath([issueTestCard(ca), ca, trusted.root]);
    await expectRefusal(step, CertificateError, 'CERT_SIGNATURE_INVALID');
  });

  it('the impostor cannot be loaded in the place of the pinned one', async () => {
    const { keySha256 } = parse(trusted.root).publicKey;
    const step = () => createTrustAnchor(parse(impostor.root), { keySha256 });
    await expectRefusal(step, ConfigurationError, 'TRUST_ANCHOR_KEY_MISMATCH');
  });
});
