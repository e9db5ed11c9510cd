import { expect } from 'chai';
import { cardSubject, DOCUMENT_NUMBER } from '../../src/demo/authority.ts';
import { IdentityError } from '../../src/errors.ts';
import type { DocumentDescription } from '../../src/identity/document-profile.ts';
import { readDocument } from '../../src/identity/identity-document.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import type { ValidatedPath } from '../../src/pki/path-validation.ts';
import { type CertificateChanges, createTestAuthority, HOLDER, issueTestCard } from '../support/authority.ts';
import { TEST_PROFILE } from '../support/document.ts';
import { expectRefusal } from '../support/refusal.ts';

const authority = createTestAuthority();
const LOCALITY = '2.5.4.7';
const NUMBER = { in: 'subject', oid: DOCUMENT_NUMBER, optional: true } as const;
const PLACE = { in: 'subject', oid: LOCALITY, optional: true } as const;
const SUBJECT = [
  ...cardSubject({ ...HOLDER, documentNumber: 'TH123456' }),
  { type: 'localityName', value: 'Rabat' },
] as const;

function read(document: DocumentDescription | undefined, changes: CertificateChanges = { subject: SUBJECT }) {
  const { certificate } = issueTestCard(authority.issuing, changes);
  const path = { certificates: [parseCertificate(certificate)] } as unknown as ValidatedPath; // the brand has no value
  return readDocument(path, { ...TEST_PROFILE, ...(document && { document }) });
}

describe('the document that a certificate tells of', () => {
  const kind = { type: 'idcard', issuingState: 'MAR' } as const;

  it('is none where the profile says nothing of it', () => expect(read(undefined)).to.equal(undefined));
  it('is of the kind and the state of the profile', () => expect(read(kind)).to.deep.equal(kind));
  it('has the number, the place and the end that the profile points to', () => {
    const notAfter = new Date('2031-05-04T23:59:59Z');
    expect(
      read({ ...kind, number: NUMBER, placeOfIssue: PLACE, expiry: 'certificate' }, { subject: SUBJECT, notAfter }),
    ).to.deep.equal({ ...kind, number: 'TH123456', placeOfIssue: 'Rabat', expiresOn: '2031-05-04' });
  });
  it('may lack what is optional', () => {
    expect(read({ ...kind, number: NUMBER, placeOfIssue: PLACE }, {})).to.deep.equal(kind);
  });
  it('is refused without what is not', async () => {
    const number = { ...NUMBER, optional: false };
    expect(read({ ...kind, number })).to.include({ number: 'TH123456' });
    await expectRefusal(() => read({ ...kind, number }, {}), IdentityError, 'ATTRIBUTE_MISSING');
  });
  it('is refused with two numbers', async () => {
    const subject = [...SUBJECT, { type: DOCUMENT_NUMBER, value: 'TH999999' }];
    await expectRefusal(() => read({ ...kind, number: NUMBER }, { subject }), IdentityError, 'ATTRIBUTE_REPEATED');
  });
  it('is refused with a number that could read as another one', async () => {
    const subject = cardSubject({ ...HOLDER, documentNumber: 'TH12\u202e3456' });
    await expectRefusal(() => read({ ...kind, number: NUMBER }, { subject }), IdentityError, 'ATTRIBUTE_MALFORMED');
  });
});
