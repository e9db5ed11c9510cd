import { expect } from 'chai';
import { basicConstraints, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';
import { createTestAuthority, issueTestCard, issueTestRoot } from '../support/authority.ts';
import { anchorOf, findPath, parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();

describe('RFC 5280 6.1.1 (d), RFC 5937: trust anchors', () => {
  it('are pinned by the hash of the key', async () => {
    const { keySha256 } = parse(root).publicKey;
    expect(anchorOf(root, { keySha256 }).anchorAs).to.equal('certificate');
    expect(anchorOf(root, { keySha256: keySha256.toUpperCase() }).anchorAs).to.equal('certificate');
    const other = parse(createTestAuthority().root).publicKey.keySha256;
    const step = () => anchorOf(root, { keySha256: other });
    await expectRefusal(step, ConfigurationError, 'TRUST_ANCHOR_KEY_MISMATCH');
  });

  it('need not be self-signed', () => {
    expect(findPath([issueTestCard(issuing), issuing]).certificates).to.have.lengthOf(1);
  });

  it('S18: are CAs', async () => {
    const notCas = [
      issueTestCard(issuing),
      issueTestRoot({ extensions: { basicConstraints: null } }),
      issueTestRoot({ extensions: { basicConstraints: basicConstraints({ ca: false }) } }),
      issueTestRoot({ extensions: { keyUsage: keyUsage(['digitalSignature']) } }),
    ];
    for (const each of notCas) await expectRefusal(() => anchorOf(each), ConfigurationError, 'TRUST_ANCHOR_NOT_CA');
  });

  it('may lack basicConstraints when the caller says so, and may not deny to be a CA', async () => {
    const options = { allowMissingBasicConstraints: true };
    const old = issueTestRoot({
      version: 1,
      extensions: {
        authorityKeyIdentifier: null,
        subjectKeyIdentifier: null,
        keyUsage: null,
        basicConstraints: null,
      },
    });
    expect(parse(old).version).to.equal(1);
    expect(findPath([issueTestCard(old), old], { ...options, strict: false }).certificates).to.have.lengthOf(1);
    const denied = issueTestRoot({ extensions: { basicConstraints: basicConstraints({ ca: false }) } });
    await expectRefusal(() => anchorOf(denied, options), ConfigurationError, 'TRUST_ANCHOR_NOT_CA');
  });

  it('as keys are only a name and a key', () => {
    const bare = issueTestRoot({ extensions: { basicConstraints: null, keyUsage: keyUsage(['digitalSignature']) } });
    expect(createTrustAnchor(parse(bare), { anchorAs: 'key' }).anchorAs).to.equal('key');
    expect(findPath([issueTestCard(bare), bare], { anchorAs: 'key' }).certificates).to.have.lengthOf(1);
  });
});
