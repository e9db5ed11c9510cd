/**
 * RFC 8705 2.1.2: one registered name, which the certificate must carry. Each case that does not match differs from one
 * that does by one thing.
 */
import { expect } from 'chai';
import {
  isSubject,
  isSubjectMember,
  matchesSubject,
  SUBJECT_MEMBERS,
  type SubjectMember,
} from '../../src/client-authentication/registered-subject.ts';
import { subjectAlternativeName } from '../../src/demo/certificate-extensions.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { createTestAuthority, issueTestCard } from '../support/authority.ts';

const { issuing } = createTestAuthority();
const certificate = parseCertificate(
  issueTestCard(issuing, {
    subject: [
      { type: 'countryName', value: 'MA' },
      { type: 'organizationName', value: 'Passports' },
      { type: 'commonName', value: 'portal.example.ma, O=Police' },
    ],
    extensions: {
      subjectAltName: subjectAlternativeName([
        { dns: 'other.example.ma' },
        { dns: 'Portal.example.ma' },
        { dns: '*.wild.example.ma' },
        { uri: 'https://portal.example.ma/a' },
        { email: 'Portal@Example.ma' },
        { ip: [192, 0, 2, 7] },
        { ip: [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
      ]),
    },
  }).certificate,
);
const withoutNames = parseCertificate(issueTestCard(issuing).certificate);

const matching: Readonly<Record<SubjectMember, readonly string[]>> = {
  tls_client_auth_subject_dn: ['CN=portal.example.ma\\, O\\=Police,O=Passports,C=MA'],
  tls_client_auth_san_dns: ['portal.example.ma', 'PORTAL.EXAMPLE.MA', 'other.example.ma'],
  tls_client_auth_san_uri: ['https://portal.example.ma/a'],
  tls_client_auth_san_email: ['Portal@example.ma'],
  tls_client_auth_san_ip: ['192.0.2.7', '2001:db8::1', '2001:0DB8:0:0:0:0:0:1', '2001:db8::0.0.0.1'],
};
const others: Readonly<Record<SubjectMember, readonly string[]>> = {
  // Whoever prints names and compares texts takes the first of these for this one (S14).
  tls_client_auth_subject_dn: ['CN=portal.example.ma,O=Police,O=Passports,C=MA', 'O=Passports,C=MA', 'nonsense', ''],
  tls_client_auth_san_dns: ['example.ma', 'portal.example.ma.', 'a.wild.example.ma', '*.example.ma', ''],
  tls_client_auth_san_uri: ['https://portal.example.ma/A', 'https://portal.example.ma/', 'portal.example.ma', ''],
  tls_client_auth_san_email: ['portal@example.ma', 'Portal@example.mb', 'Portal', '@example.ma', ''],
  tls_client_auth_san_ip: [
    '192.0.2.8',
    '192.0.2.07',
    '0xc0.0.2.7',
    '3221225991',
    '192.0.519',
    '2001:db8::2',
    '::ffff:192.0.2.7',
    '2001:db8::1%lo',
    '',
  ],
};

describe('RFC 8705 2.1.2: the registered subject of a certificate', () => {
  for (const member of SUBJECT_MEMBERS) {
    for (const expected of matching[member]) {
      it(`${member} ${expected} is in the certificate`, () => {
        expect(matchesSubject(certificate, member, expected)).to.equal(true);
        expect(matchesSubject(withoutNames, member, expected)).to.equal(false);
      });
    }
    for (const expected of others[member]) {
      it(`${member} ${JSON.stringify(expected)} is not`, () =>
        expect(matchesSubject(certificate, member, expected)).to.equal(false));
    }
  }

  const carried: Readonly<Record<SubjectMember, readonly string[]>> = {
    ...matching,
    tls_client_auth_san_dns: ['portal.example.ma', 'PORTAL', '_x.example.ma', 'xn--mgbc0a7e.example'],
  };
  const never: Readonly<Record<SubjectMember, readonly string[]>> = {
    tls_client_auth_subject_dn: ['portal', 'CN=', 'NOSUCHTYPE=a', ''],
    tls_client_auth_san_dns: ['*.example.ma', 'portal.example.ma.', '.example.ma', 'a b', 'https://a.ma', 'بوابة', ''],
    tls_client_auth_san_uri: ['portal.example.ma', '/a', ''],
    tls_client_auth_san_email: ['portal', '@example.ma', 'a@', 'a@b@c', 'a b@example.ma', ''],
    tls_client_auth_san_ip: ['192.0.2', '192.0.2.256', '192.0.2.07', '2001:db8', '2001:db8::1%lo', 'portal', ''],
  };
  for (const member of SUBJECT_MEMBERS) {
    it(`${member} may be registered only as what a certificate can carry`, () => {
      for (const text of carried[member]) expect(isSubject(member, text), text).to.equal(true);
      for (const text of never[member]) expect(isSubject(member, text), text).to.equal(false);
    });
  }

  it('a name of one kind is none of another', () => {
    expect(matchesSubject(certificate, 'tls_client_auth_san_uri', 'portal.example.ma')).to.equal(false);
    expect(matchesSubject(certificate, 'tls_client_auth_san_dns', 'https://portal.example.ma/a')).to.equal(false);
    expect(matchesSubject(certificate, 'tls_client_auth_san_dns', '192.0.2.7')).to.equal(false);
  });
  it('no other member names a subject', () => {
    expect(SUBJECT_MEMBERS.every(isSubjectMember)).to.equal(true);
    expect(isSubjectMember('tls_client_auth_san_other')).to.equal(false);
  });
});
