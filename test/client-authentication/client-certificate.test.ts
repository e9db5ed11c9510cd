/**
 * Which certificates of portals a configured CA vouches for: by our own path validation, and only with a status that is
 * known to be good.
 */
import { expect } from 'chai';
import { assessClientCertificate, type ClientAuthorities } from '../../src/client-authentication/client-certificate.ts';
import { basicConstraints, extendedKeyUsage, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { CertificateError } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { NO_EVIDENCE, readEvidence } from '../../src/pki/revocation.ts';
import { DEFAULT_POLICIES } from '../../src/pki/revocation-policy.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';
import { AT, createTestAuthority, daysFromAt, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { expectRefusal } from '../support/refusal.ts';

const authority = createTestAuthority();
const portal = issueTestCard(authority.issuing);

function authorities(crls: readonly Uint8Array[] | undefined, asked: () => void = () => undefined): ClientAuthorities {
  return {
    anchors: [createTrustAnchor(parseCertificate(authority.root.certificate))],
    intermediates: [parseCertificate(authority.issuing.certificate)],
    revocationPolicies: DEFAULT_POLICIES,
    revocation: {
      async evidenceFor() {
        asked();
        return crls === undefined ? NO_EVIDENCE : readEvidence({ crls });
      },
    },
  };
}
const CRLS = [issueTestCrl(authority.root), issueTestCrl(authority.issuing)];

const assess = (der: Uint8Array, by: ClientAuthorities | undefined = authorities(CRLS), at = AT) =>
  assessClientCertificate(parseCertificate(der), by, at);

describe('a certificate of a portal', () => {
  it('that a configured CA issued, and whose status is good, is authorised', async () => {
    expect(await assess(portal.certificate)).to.deep.include({ isAuthorised: true });
    expect(await assess(portal.certificate)).not.to.have.property('refusal');
  });

  const refused: readonly (readonly [string, string, () => ReturnType<typeof assess>])[] = [
    ['of another CA', 'CERT_ISSUER_UNKNOWN', () => assess(issueTestCard(createTestAuthority().issuing).certificate)],
    [
      'that may authenticate servers only',
      'CERT_EXTENDED_KEY_USAGE_REFUSED',
      () =>
        assess(
          issueTestCard(authority.issuing, { extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) } })
            .certificate,
        ),
    ],
    [
      'whose key may not sign',
      'CERT_KEY_USAGE_REFUSED',
      () =>
        assess(
          issueTestCard(authority.issuing, { extensions: { keyUsage: keyUsage(['keyEncipherment']) } }).certificate,
        ),
    ],
    [
      'of a CA',
      'CERT_PROFILE_VIOLATED',
      () =>
        assess(
          issueTestCard(authority.issuing, {
            extensions: {
              basicConstraints: basicConstraints({ ca: true }),
              keyUsage: keyUsage(['digitalSignature', 'keyCertSign']),
            },
          }).certificate,
        ),
    ],
    [
      'that is revoked',
      'CERT_REVOKED',
      () =>
        assess(
          portal.certificate,
          authorities([
            issueTestCrl(authority.root),
            issueTestCrl(authority.issuing, { revoked: [{ serialNumber: portal.serialNumber }] }),
          ]),
        ),
    ],
    ['whose status is not known', 'REVOCATION_UNKNOWN', () => assess(portal.certificate, authorities(undefined))],
  ];
  for (const [what, refusal, attempt] of refused) {
    it(`${what} is not: ${refusal}`, async () =>
      expect(await attempt()).to.deep.include({ isAuthorised: false, refusal }));
  }

  it('is authorised by nobody where no CA is configured', async () => {
    const assessed = await assessClientCertificate(parseCertificate(portal.certificate), undefined, AT);
    expect(assessed).to.deep.include({ isAuthorised: false });
    expect(assessed).not.to.have.property('refusal');
  });

  it('of an unknown CA causes no look-up (S9)', async () => {
    let asked = 0;
    const counted = authorities(CRLS, () => asked++);
    await assess(issueTestCard(createTestAuthority().issuing).certificate, counted);
    expect(asked).to.equal(0);
    await assess(portal.certificate, counted);
    expect(asked).to.equal(1);
  });

  it('counts from its first second to its last, whoever issued it', async () => {
    const { certificate } = issueTestCard(authority.issuing, { notBefore: daysFromAt(-1), notAfter: daysFromAt(1) });
    for (const by of [authorities(CRLS), undefined]) {
      const at = (days: number, seconds: number) => new Date(daysFromAt(days).getTime() + seconds * 1000);
      const attempt = (when: Date) => assessClientCertificate(parseCertificate(certificate), by, when);
      await attempt(at(-1, 0));
      await attempt(at(1, 0));
      await expectRefusal(() => attempt(at(-1, -1)), CertificateError, 'CERT_NOT_YET_VALID');
      await expectRefusal(() => attempt(at(1, 1)), CertificateError, 'CERT_EXPIRED');
    }
  });
});
