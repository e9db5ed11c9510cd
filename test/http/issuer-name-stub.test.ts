import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { issuerNameStub } from '../../src/http/issuer-name-stub.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { createTestAuthority, issueTestCard } from '../support/authority.ts';

describe('the name stub of a CA', () => {
  const { issuing } = createTestAuthority();
  const ca = parseCertificate(issuing.certificate);
  const stub = new X509Certificate(issuerNameStub(ca.subject));

  it('has the name byte for byte, as subject and as issuer', () => {
    const parsed = parseCertificate(stub.raw);
    expect(Buffer.from(parsed.subject.der).equals(Buffer.from(ca.subject.der))).to.equal(true);
    expect(Buffer.from(parsed.issuer.der).equals(Buffer.from(ca.subject.der))).to.equal(true);
  });

  it('has another key and another key identifier, and no card chains to it', () => {
    const card = new X509Certificate(issueTestCard(issuing).certificate);
    const parsed = parseCertificate(stub.raw);
    expect(parsed.publicKey.keySha256).not.to.equal(ca.publicKey.keySha256);
    expect(parsed.subjectKeyIdentifier).not.to.equal(ca.subjectKeyIdentifier);
    expect(card.checkIssued(stub)).to.equal(false);
    expect(card.verify(stub.publicKey)).to.equal(false);
  });

  it('is minted once for a name', () => {
    expect(issuerNameStub(parseCertificate(issuing.certificate).subject)).to.equal(issuerNameStub(ca.subject));
  });
});
