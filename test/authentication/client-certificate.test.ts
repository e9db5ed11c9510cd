import { expect } from 'chai';
import { evidenceFromHandshake } from '../../src/authentication/client-certificate.ts';
import { CertificateError, EvidenceError } from '../../src/errors.ts';
import { createTestAuthority, issueTestCard } from '../support/authority.ts';
import { expectRefusal } from '../support/refusal.ts';

const { certificate } = issueTestCard(createTestAuthority().issuing);

describe('evidence from a TLS handshake', () => {
  it('is the certificate whose key the peer proved', () => {
    const evidence = evidenceFromHandshake({ peerCertificate: certificate, sessionResumed: false });
    expect(evidence).to.include({ method: 'client-certificate', provenBy: 'tls-handshake' });
    expect(Buffer.from(evidence.unverifiedCertificate.der).equals(certificate)).to.equal(true);
  });

  it('a resumed session proves no key, whatever certificate it remembers (S24)', () =>
    expectRefusal(
      () => evidenceFromHandshake({ peerCertificate: certificate, sessionResumed: true }),
      EvidenceError,
      'TLS_SESSION_RESUMED',
    ));

  for (const peerCertificate of [undefined, new Uint8Array()]) {
    it(`${peerCertificate ? 'an empty' : 'no'} certificate is no card (RFC 8446 4.4.2.4)`, () =>
      expectRefusal(
        () => evidenceFromHandshake({ peerCertificate, sessionResumed: false }),
        EvidenceError,
        'CARD_NOT_PRESENTED',
      ));
  }

  it('what is no certificate is CERT_MALFORMED', () =>
    expectRefusal(
      () => evidenceFromHandshake({ peerCertificate: certificate.subarray(0, -1), sessionResumed: false }),
      CertificateError,
      'CERT_MALFORMED',
    ));

  it('a certificate followed by more is CERT_MALFORMED', () =>
    expectRefusal(
      () =>
        evidenceFromHandshake({ peerCertificate: Buffer.concat([certificate, certificate]), sessionResumed: false }),
      CertificateError,
      'CERT_MALFORMED',
    ));

  it('16 KiB are parsed, one octet more is not', async () => {
    const ofOctets = (octets: number) =>
      evidenceFromHandshake({ peerCertificate: Buffer.alloc(octets), sessionResumed: false });
    await expectRefusal(() => ofOctets(16_384), CertificateError, 'CERT_MALFORMED');
    await expectRefusal(() => ofOctets(16_385), CertificateError, 'CERT_TOO_LARGE');
  });
});
