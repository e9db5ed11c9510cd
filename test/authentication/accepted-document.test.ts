import { expect } from 'chai';
import { recogniseDocument } from '../../src/authentication/accepted-document.ts';
import { certificatePolicies, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { CertificateError, type Code } from '../../src/errors.ts';
import type { DocumentProfile } from '../../src/identity/document-profile.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { acceptedDocument } from '../support/acceptance.ts';
import {
  AT,
  type CertificateChanges,
  createTestAuthority,
  issueTestCard,
  OTHER_POLICY,
  TEST_POLICY,
} from '../support/authority.ts';
import { TEST_PROFILE } from '../support/document.ts';
import { expectRefusal } from '../support/refusal.ts';

const authority = createTestAuthority();
const other = createTestAuthority({ keyType: 'P-384' });
const keys = generateKeys();

const card = (changes: CertificateChanges = {}, issuer = authority.issuing) =>
  parseCertificate(issueTestCard(issuer, { keys, ...changes }).certificate);
const profile = (changes: Partial<DocumentProfile>): DocumentProfile => ({ ...TEST_PROFILE, ...changes });

const first = acceptedDocument(authority, { profile: profile({ id: 'first' }) });
const second = acceptedDocument(other, { profile: profile({ id: 'second' }) });

const refuse = (code: Code, ...parts: Parameters<typeof recogniseDocument>) =>
  expectRefusal(() => recogniseDocument(...parts), CertificateError, code);

describe('which document it is', () => {
  it('is decided by the trust anchor that its path leads to', () => {
    const documents = [first, second];
    expect(recogniseDocument(card(), documents, AT).document).to.equal(first);
    expect(recogniseDocument(card({}, other.issuing), documents, AT).document).to.equal(second);
  });

  it('comes with the path of that very certificate', () => {
    const certificate = card();
    const { path } = recogniseDocument(certificate, [first], AT);
    expect(path.certificates[0]).to.equal(certificate);
    expect(path.anchor).to.equal(first.anchors[0]);
  });

  it('is none without accepted documents', () => refuse('CERT_ISSUER_UNKNOWN', card(), [], AT));
  it('is none without anchors', () =>
    refuse('CERT_ISSUER_UNKNOWN', card(), [acceptedDocument(authority, { anchors: [] })], AT));

  it('is decided by the policy where one CA issues two', () => {
    const sibling = acceptedDocument(authority, { profile: profile({ id: 'sibling', policies: [OTHER_POLICY] }) });
    expect(recogniseDocument(card(), [sibling, first], AT).document).to.equal(first);
  });

  it('a CA that is trusted for one document issues no other', () => {
    const crossed = acceptedDocument(other, { profile: profile({ policies: [OTHER_POLICY] }) });
    return refuse('CERT_POLICY_REFUSED', card({}, other.issuing), [first, crossed], AT);
  });

  it('a rule that failed says more than an issuer that is unknown elsewhere, in any order of documents', async () => {
    const expired = card({ notAfter: new Date(AT.getTime() - 1000) });
    const stranger = acceptedDocument({ ...other, issuing: other.issuing }, { intermediates: [] });
    await refuse('CERT_EXPIRED', expired, [first, stranger], AT);
    await refuse('CERT_EXPIRED', expired, [stranger, first], AT);
  });
});

describe('RFC 5280 4.2.1.3: key usage, as the profile has it, critical or not (S19)', () => {
  const usage = (usages: Parameters<typeof keyUsage>[0], critical = true): CertificateChanges => ({
    extensions: { keyUsage: keyUsage(usages, critical) },
  });
  const accept = (changes: CertificateChanges, changed = TEST_PROFILE): void => {
    const document = acceptedDocument(authority, { profile: changed });
    expect(recogniseDocument(card(changes), [document], AT).document).to.equal(document);
  };

  it('digitalSignature is accepted', () => accept(usage(['digitalSignature'])));
  it('with a further usage that the profile does not refuse, too', () =>
    accept(usage(['digitalSignature', 'keyAgreement'])));
  it('the signature certificate of the same card is refused', () =>
    refuse('CERT_KEY_USAGE_REFUSED', card(usage(['nonRepudiation'])), [first], AT));
  it('both usages in one certificate are refused: one of them is refused', () =>
    refuse('CERT_KEY_USAGE_REFUSED', card(usage(['digitalSignature', 'nonRepudiation'])), [first], AT));
  it('another usage alone is refused', () =>
    refuse('CERT_KEY_USAGE_REFUSED', card(usage(['keyAgreement'])), [first], AT));
  it('an absent key usage is refused: it promises nothing', () =>
    refuse('CERT_KEY_USAGE_REFUSED', card({ extensions: { keyUsage: null } }), [first], AT));
  it('not critical, it counts all the same', () =>
    refuse('CERT_KEY_USAGE_REFUSED', card(usage(['nonRepudiation'], false)), [first], AT));

  it('every required usage must be there', () => {
    const demanding = profile({ keyUsage: { required: ['digitalSignature', 'keyAgreement'], refused: [] } });
    accept(usage(['digitalSignature', 'keyAgreement']), demanding);
    return refuse(
      'CERT_KEY_USAGE_REFUSED',
      card(usage(['digitalSignature'])),
      [acceptedDocument(authority, { profile: demanding })],
      AT,
    );
  });
});

describe('the policies of a profile', () => {
  const policies = (...oids: string[]): CertificateChanges => ({
    extensions: { certificatePolicies: oids.length === 0 ? null : certificatePolicies(oids) },
  });
  const accept = (changes: CertificateChanges, changed: Partial<DocumentProfile>): void => {
    const document = acceptedDocument(authority, { profile: profile(changed) });
    expect(recogniseDocument(card(changes), [document], AT).document).to.equal(document);
  };
  const refused = (changes: CertificateChanges, changed: Partial<DocumentProfile>) =>
    refuse('CERT_POLICY_REFUSED', card(changes), [acceptedDocument(authority, { profile: profile(changed) })], AT);

  it('are those that the path grants: one that no CA on it lists is none', async () => {
    // The issuing CA lists TEST_POLICY alone.
    await refused(policies(OTHER_POLICY), { policies: [OTHER_POLICY] });
    await refused(policies(OTHER_POLICY), { policies: [OTHER_POLICY], policiesOf: 'path' });
  });

  it('or those in the card, where the profile says that the CAs do not list them', async () => {
    accept(policies(OTHER_POLICY), { policies: [OTHER_POLICY], policiesOf: 'certificate' });
    await refused(policies(TEST_POLICY), { policies: [OTHER_POLICY], policiesOf: 'certificate' });
    await refused(policies(), { policies: [OTHER_POLICY], policiesOf: 'certificate' });
  });

  it('that are refused are refused beside any that is required', async () => {
    accept(policies(TEST_POLICY), { refusedPolicies: [OTHER_POLICY] });
    await refused(policies(TEST_POLICY, OTHER_POLICY), { refusedPolicies: [OTHER_POLICY] });
  });
});
