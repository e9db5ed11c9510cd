import { createHash, createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import type { AcceptedDocument } from '../../src/authentication/accepted-document.ts';
import { authenticateCitizen } from '../../src/authentication/authenticate-citizen.ts';
import type { CardEvidence } from '../../src/authentication/card-evidence.ts';
import { certificatePolicies, extendedKeyUsage, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { extension } from '../../src/demo/extension.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import {
  CertificateError,
  type Code,
  EvidenceError,
  IdentityError,
  RevocationError,
  ServiceError,
} from '../../src/errors.ts';
import { accountIdOf } from '../../src/oidc/subject-identifier.ts';
import { parseCrl } from '../../src/pki/crl.ts';
import { nullValue } from '../../src/pki/der-writer.ts';
import { DEFAULT_SKEW_SECONDS, NO_EVIDENCE } from '../../src/pki/revocation.ts';
import { DEFAULT_POLICY } from '../../src/pki/revocation-policy.ts';
import {
  acceptedDocument,
  currentCrls,
  evidenceOf,
  failingSource,
  revocationSource,
  type TestRevocationSource,
} from '../support/acceptance.ts';
import {
  AT,
  type CertificateChanges,
  createTestAuthority,
  daysFromAt,
  issueTestCard,
  issueTestCrl,
  OTHER_POLICY,
} from '../support/authority.ts';
import { TEST_PROFILE } from '../support/document.ts';
import { type TestAudit, testAudit } from '../support/ports.ts';
import { expectRefusal, thrownBy } from '../support/refusal.ts';
import { policiesFor } from '../support/revocation.ts';

const authority = createTestAuthority();
const stranger = createTestAuthority();
const keys = generateKeys();
const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));
const PRESENTATION = {
  interaction: 'interaction-1',
  clientId: 'passport-renewal',
  method: 'client-certificate',
} as const;
const SERIAL = Buffer.from('4a0102030405', 'hex');

/** One second, the smallest step of a date in a certificate. */
const SECOND = 1000;
/** How far the clock of an issuer may be ahead of ours. */
const SKEW = DEFAULT_SKEW_SECONDS * SECOND;
const after = (date: Date, milliseconds: number): Date => new Date(date.getTime() + milliseconds);

const card = (changes: CertificateChanges = {}, issuer = authority.issuing): Buffer =>
  issueTestCard(issuer, { keys, serialNumber: SERIAL, ...changes }).certificate;

function setUp(changes: Partial<AcceptedDocument> = {}, at = AT) {
  const audit = testAudit(() => at);
  const revocation = revocationSource(...currentCrls(authority));
  const document = acceptedDocument(authority, { revocation, ...changes });
  const ports = {
    documents: async () => [document],
    audit: audit.log,
    clock: () => at,
    accountIdOf: (identifier: Parameters<typeof accountIdOf>[0]) => accountIdOf(identifier, SUBJECT_KEY),
    isSuspended: async () => false,
  };
  const authenticate = (readEvidence: () => CardEvidence) => authenticateCitizen(readEvidence, PRESENTATION, ports);
  return { audit, revocation: revocation as TestRevocationSource, authenticate };
}

const present = (certificate: Buffer) => () => evidenceOf(certificate);

describe('a good card', () => {
  it('is a citizen: account, person, document, level of assurance, time', async () => {
    const certificate = card();
    const [root, crl = Buffer.alloc(0)] = currentCrls(authority);
    const revocation = revocationSource(root ?? crl, crl);
    const citizen = await setUp({ revocation }).authenticate(present(certificate));
    expect(citizen).to.deep.equal({
      accountId: accountIdOf({ country: 'MA', register: 'PNO', value: 'ZT123456' }, SUBJECT_KEY),
      person: {
        nationalIdentifier: { country: 'MA', register: 'PNO', value: 'ZT123456' },
        familyName: [{ value: 'El Mansouri' }, { value: 'المنصوري', language: 'ar' }],
        givenName: [{ value: 'Amina' }, { value: 'أمينة', language: 'ar' }],
        birthDate: '1990-02-28',
        gender: 'female',
      },
      maskedIdentifier: '•••••456',
      evidence: {
        method: 'client-certificate',
        level: 'high',
        certificate: {
          issuer: 'CN=Thiqa test issuing CA,O=Thiqa test,C=MA',
          serialNumber: SERIAL.toString('hex'),
          sha256: evidenceOf(certificate).unverifiedCertificate.sha256,
        },
        revocation: {
          status: 'good',
          source: 'crl 2',
          thisUpdate: '2026-05-31T12:00:00.000Z',
          nextUpdate: '2026-06-08T12:00:00.000Z',
          sha256: createHash('sha256').update(crl).digest('hex'),
        },
      },
      profile: 'test-card',
      assurance: { level: 'high', methods: ['sc', 'hwk', 'pin', 'mfa'] },
      authenticatedAt: AT.getTime() / 1000,
    });
  });

  it('is on record before the citizen is known to anybody, with what the decision rested on', async () => {
    const { audit, authenticate } = setUp();
    const certificate = card();
    const citizen = await authenticate(present(certificate));
    expect(audit.events()).to.have.lengthOf(1);
    const [event] = audit.events();
    expect(event).to.deep.include({
      type: 'citizen.authenticated',
      ...PRESENTATION,
      method: 'client-certificate',
      accountId: citizen.accountId,
      profile: 'test-card',
      acr: 'http://eidas.europa.eu/LoA/high',
      certificateSha256: evidenceOf(certificate).unverifiedCertificate.sha256,
    });
    expect(event)
      .to.have.property('anchorKeySha256')
      .that.matches(/^[0-9a-f]{64}$/);
    expect(event)
      .to.have.property('revocation')
      .that.includes({
        status: 'good',
        thisUpdate: daysFromAt(-1).toISOString(),
        nextUpdate: daysFromAt(7).toISOString(),
      })
      .and.has.property('sha256')
      .that.matches(/^[0-9a-f]{64}$/);
  });

  it('with a key in software earns low, whatever its profile says', async () => {
    const profile = { ...TEST_PROFILE, assurance: { level: 'high', methods: ['swk', 'pin'] } } as const;
    expect((await setUp({ profile }).authenticate(present(card()))).assurance.level).to.equal('low');
  });

  it('is on record without number and name', async () => {
    const { audit, authenticate } = setUp();
    await authenticate(present(card()));
    for (const text of ['123456', 'Amina', 'Mansouri']) expect(JSON.stringify(audit.events())).to.not.include(text);
  });
});

interface BadCard {
  readonly code: Code;
  readonly errorClass: Parameters<typeof expectRefusal>[1];
  readonly card?: () => Buffer;
  readonly document?: () => Partial<AcceptedDocument>;
  /** Stage that the card must not get beyond: the source of revocation information is not asked. */
  readonly beforeRevocation?: true;
  readonly at?: Date;
}

const certificate = (code: Code, make: () => Buffer, at = AT): BadCard => ({
  code,
  errorClass: CertificateError,
  card: make,
  beforeRevocation: true,
  at,
});
const revocation = (code: Code, source: () => AcceptedDocument['revocation']): BadCard => ({
  code,
  errorClass: RevocationError,
  document: () => ({ revocation: source() }),
});
const identity = (code: Code, make: () => Buffer): BadCard => ({ code, errorClass: IdentityError, card: make });

const subjectWith = (change: (type: string, value: string) => readonly { type: string; value: string }[]) => ({
  subject: Object.entries({
    countryName: 'MA',
    surname: 'El Mansouri',
    givenName: 'Amina',
    commonName: 'Amina El Mansouri',
    serialNumber: 'PNOMA-ZT123456',
  }).flatMap(([type, value]) => change(type, value)),
});
const replacing = (which: string, ...values: string[]) =>
  subjectWith((type, value) => (type === which ? values.map((other) => ({ type, value: other })) : [{ type, value }]));

const crlsWith = (changes: Parameters<typeof issueTestCrl>[1]) =>
  revocationSource(issueTestCrl(authority.root), issueTestCrl(authority.issuing, changes));
const revoking = (reason?: 'keyCompromise' | 'certificateHold' | 'removeFromCRL') =>
  crlsWith({ revoked: [{ serialNumber: SERIAL, ...(reason && { reason }) }] });

const BAD_CARDS: Readonly<Record<string, BadCard>> = {
  'that has expired': certificate('CERT_EXPIRED', () => card({ notAfter: after(AT, -SECOND) })),
  'that is not yet valid': certificate('CERT_NOT_YET_VALID', () => card({ notBefore: after(AT, SECOND) })),
  'of an unknown issuer': certificate('CERT_ISSUER_UNKNOWN', () =>
    card({ issuerName: [{ type: 'commonName', value: 'Nobody knows this CA' }] }),
  ),
  'of a CA of the same name with another key': certificate('CERT_ISSUER_UNKNOWN', () => card({}, stranger.issuing)),
  'of another document of the same CA': certificate('CERT_POLICY_REFUSED', () =>
    card({ extensions: { certificatePolicies: certificatePolicies([OTHER_POLICY]) } }),
  ),
  'without a policy': certificate('CERT_POLICY_REFUSED', () => card({ extensions: { certificatePolicies: null } })),
  'for signatures': certificate('CERT_KEY_USAGE_REFUSED', () =>
    card({ extensions: { keyUsage: keyUsage(['nonRepudiation']) } }),
  ),
  'without key usage': certificate('CERT_KEY_USAGE_REFUSED', () => card({ extensions: { keyUsage: null } })),
  'for servers': certificate('CERT_EXTENDED_KEY_USAGE_REFUSED', () =>
    card({ extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) } }),
  ),
  'with a critical extension that nobody knows': certificate('CERT_CRITICAL_EXTENSION_UNKNOWN', () =>
    card({ moreExtensions: [extension('2.999.1', true, nullValue())] }),
  ),
  'with a weak key': certificate('CERT_ALGORITHM_REFUSED', () => card({ keys: generateKeys('RSA-1024') })),

  'that is revoked': revocation('CERT_REVOKED', () => revoking('keyCompromise')),
  'that is revoked without a reason': revocation('CERT_REVOKED', () => revoking()),
  'that is on hold': revocation('CERT_ON_HOLD', () => revoking('certificateHold')),
  'whose CRL cannot be had': revocation('REVOCATION_UNAVAILABLE', () => failingSource('REVOCATION_UNAVAILABLE')),
  'of whose CA there is no CRL': revocation('REVOCATION_UNKNOWN', () => revocationSource(issueTestCrl(authority.root))),
  'of whose issuing CA nobody says whether it is revoked': revocation('REVOCATION_UNKNOWN', () =>
    revocationSource(issueTestCrl(authority.issuing)),
  ),
  'whose CRL is past its next update': revocation('REVOCATION_STALE', () =>
    crlsWith({ nextUpdate: after(AT, -SECOND) }),
  ),
  'whose CRL is of the future': revocation('CRL_NOT_YET_VALID', () =>
    crlsWith({ thisUpdate: after(AT, SKEW + SECOND) }),
  ),
  'whose CRL was signed by a stranger': revocation('CRL_SIGNATURE_INVALID', () =>
    crlsWith({ issuerKey: stranger.issuing.keys.privateKey }),
  ),

  'without a number': identity('ATTRIBUTE_MISSING', () => card(replacing('serialNumber'))),
  'with two numbers': identity('ATTRIBUTE_REPEATED', () =>
    card(replacing('serialNumber', 'PNOMA-ZT123456', 'PNOMA-ZT123457')),
  ),
  'with the number of a document': identity('ATTRIBUTE_MALFORMED', () =>
    card(replacing('serialNumber', 'IDCMA-ZT123456')),
  ),
  'with a number of another state': identity('ATTRIBUTE_MALFORMED', () =>
    card(replacing('serialNumber', 'PNODZ-ZT123456')),
  ),
  'without a family name': identity('ATTRIBUTE_MISSING', () => card(replacing('surname'))),
  'with two given names': identity('ATTRIBUTE_REPEATED', () => card(replacing('givenName', 'Amina', 'Leila'))),
};

describe('a bad card is refused with the code of its fault, and on record', () => {
  for (const [which, bad] of Object.entries(BAD_CARDS)) {
    it(`a card ${which}: ${bad.code}`, async () => {
      const { audit, revocation: source, authenticate } = setUp(bad.document?.(), bad.at);
      const der = bad.card?.() ?? card();
      await expectRefusal(() => authenticate(present(der)), bad.errorClass, bad.code);
      expect(audit.events()).to.have.lengthOf(1);
      expect(audit.events()[0]).to.deep.include({
        type: 'citizen.refused',
        ...PRESENTATION,
        method: 'client-certificate',
        code: bad.code,
        certificateSha256: evidenceOf(der).unverifiedCertificate.sha256,
      });
      if (bad.beforeRevocation) {
        expect(source.timesAsked(), 'asked for revocation information').to.equal(0);
        expect(audit.events()[0]).to.not.have.property('revocation');
      }
    });
  }

  it('a revoked card: the record says by which CRL', async () => {
    const { audit, authenticate } = setUp({ revocation: revoking('keyCompromise') });
    await expectRefusal(() => authenticate(present(card())), RevocationError, 'CERT_REVOKED');
    expect(audit.events()[0])
      .to.have.property('revocation')
      .that.includes({ status: 'revoked' })
      .and.has.property('sha256');
  });

  it('no record of a refusal has a name or a number', async () => {
    for (const [which, bad] of Object.entries(BAD_CARDS)) {
      const { audit, authenticate } = setUp(bad.document?.(), bad.at);
      await thrownBy(() => authenticate(present(bad.card?.() ?? card())));
      const text = JSON.stringify(audit.events());
      for (const secret of ['123456', 'Amina', 'Mansouri', SERIAL.toString('hex')])
        expect(text, which).to.not.include(secret);
    }
  });
});

describe('at the boundary', () => {
  const accept = async (der: Buffer, document: Partial<AcceptedDocument> = {}): Promise<void> => {
    expect(await setUp(document).authenticate(present(der))).to.have.property('profile', 'test-card');
  };

  it('a card is good in the second in which it ends, and in the one in which it begins', async () => {
    await accept(card({ notAfter: AT }));
    await accept(card({ notBefore: AT }));
  });
  it('a CRL of an issuer whose clock is ahead counts, as far as that is allowed', () =>
    accept(card(), { revocation: crlsWith({ thisUpdate: after(AT, SKEW) }) }));
  it('a CRL counts in the second in which it was issued', () =>
    accept(card(), { revocation: crlsWith({ thisUpdate: AT }) }));
  it('a CRL with other serial numbers revokes nobody', () =>
    accept(card(), {
      revocation: crlsWith({ revoked: [{ serialNumber: Buffer.concat([SERIAL, Buffer.of(0)]) }] }),
    }));
});

describe('what a sign-in rests on, for others to know', () => {
  const evidenceWith = async (changes: Partial<AcceptedDocument>) =>
    (await setUp(changes).authenticate(present(card()))).evidence;
  const sourceOf = async (name: string) => {
    const crls = currentCrls(authority).map((der) => parseCrl(der, { source: name }));
    return (await evidenceWith({ revocation: { evidenceFor: async () => ({ ...NO_EVIDENCE, crls }) } })).revocation
      .source;
  };

  it('names the trust framework of the document, and the document', async () => {
    const document = { type: 'idcard', issuingState: 'MAR', expiry: 'certificate' } as const;
    const profile = { ...TEST_PROFILE, trustFramework: 'test_scheme', document };
    const citizen = await setUp({ profile }).authenticate(present(card()));
    expect(citizen.evidence.trustFramework).to.equal('test_scheme');
    expect(citizen.document).to.include({ type: 'idcard', issuingState: 'MAR' });
  });
  it('names a public address of a CRL, and of a file no folder of this machine', async () => {
    expect(await sourceOf('http://crl.thiqa.example/a/issuing.crl')).to.equal('http://crl.thiqa.example/a/issuing.crl');
    expect(await sourceOf('/var/lib/thiqa/crl/issuing.crl')).to.equal('issuing.crl');
    expect(await sourceOf('C:\\crl\\issuing.crl')).to.equal('issuing.crl');
  });
  it('says that the status is not known, where an exception let the card pass', async () => {
    const exception = { until: after(AT, SECOND), reason: 'x' };
    const evidence = await evidenceWith({
      revocation: failingSource('REVOCATION_UNAVAILABLE'),
      revocationPolicies: {
        ...policiesFor(authority.issuing, { exception }),
        others: { ...DEFAULT_POLICY, exception },
      },
    });
    expect(evidence).to.deep.include({ level: 'low', revocation: { status: 'unknown' } });
  });
});

describe('an exception of the revocation policy', () => {
  const excepted = (until: Date): Partial<AcceptedDocument> => ({
    revocation: failingSource('REVOCATION_UNAVAILABLE'),
    revocationPolicies: {
      ...policiesFor(authority.issuing, { exception: { until, reason: 'x' } }),
      others: { ...DEFAULT_POLICY, exception: { until, reason: 'x' } },
    },
  });

  it('lets a card of unknown status pass, at the level low, on record', async () => {
    const { audit, authenticate } = setUp(excepted(after(AT, SECOND)));
    expect((await authenticate(present(card()))).assurance).to.deep.equal({ ...TEST_PROFILE.assurance, level: 'low' });
    expect(audit.events()[0]).to.deep.include({
      type: 'citizen.authenticated',
      acr: 'http://eidas.europa.eu/LoA/low',
      revocation: { status: 'unknown', source: 'none', code: 'REVOCATION_UNAVAILABLE', exception: true },
    });
  });

  it('that has ended lets nobody pass', async () => {
    const { audit, authenticate } = setUp(excepted(AT));
    await expectRefusal(() => authenticate(present(card())), RevocationError, 'REVOCATION_UNAVAILABLE');
    expect(audit.events()[0])
      .to.have.property('revocation')
      .that.deep.equals({ status: 'unknown', source: 'none', code: 'REVOCATION_UNAVAILABLE' });
  });
});

describe('the order of the stages', () => {
  const revoked = () => revoking('keyCompromise');

  it('the path comes before revocation: an expired card that is revoked as well is expired, and nobody was asked', async () => {
    const source = revoked();
    const { authenticate } = setUp({ revocation: source });
    await expectRefusal(
      () => authenticate(present(card({ notAfter: after(AT, -SECOND) }))),
      CertificateError,
      'CERT_EXPIRED',
    );
    expect(source.timesAsked()).to.equal(0);
  });

  it('revocation comes before the person: a revoked card without a number is revoked', () =>
    expectRefusal(
      () => setUp({ revocation: revoked() }).authenticate(present(card(replacing('serialNumber')))),
      RevocationError,
      'CERT_REVOKED',
    ));

  it('a good card asks once', async () => {
    const { revocation: source, authenticate } = setUp();
    await authenticate(present(card()));
    expect(source.timesAsked()).to.equal(1);
  });

  it('evidence that cannot be read is refused before anything else, and on record without a certificate', async () => {
    const { audit, revocation: source, authenticate } = setUp();
    const refused = () => {
      throw new EvidenceError('CARD_NOT_PRESENTED', 'no card');
    };
    await expectRefusal(() => authenticate(refused), EvidenceError, 'CARD_NOT_PRESENTED');
    expect(source.timesAsked()).to.equal(0);
    expect(audit.events()).to.deep.equal([{ type: 'citizen.refused', ...PRESENTATION, code: 'CARD_NOT_PRESENTED' }]);
  });
});

describe('who is trusted', () => {
  it('is asked anew for each card: an anchor that was removed counts no more', async () => {
    let documents = [acceptedDocument(authority)];
    const ports = {
      documents: async () => documents,
      audit: testAudit().log,
      clock: () => AT,
      accountIdOf: () => 'account-1',
      isSuspended: async () => false,
    };
    const authenticate = () => authenticateCitizen(present(card()), PRESENTATION, ports);
    expect(await authenticate()).to.have.property('accountId', 'account-1');
    documents = [];
    await expectRefusal(authenticate, CertificateError, 'CERT_ISSUER_UNKNOWN');
  });

  it('when it cannot be known, nobody is signed in, and that is on record', async () => {
    const audit = testAudit();
    const ports = {
      documents: () => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'no')),
      audit: audit.log,
      clock: () => AT,
      accountIdOf: () => 'account-1',
      isSuspended: async () => false,
    };
    await expectRefusal(
      () => authenticateCitizen(present(card()), PRESENTATION, ports),
      ServiceError,
      'STORE_UNAVAILABLE',
    );
    expect(audit.events()[0]).to.include({ type: 'citizen.refused', code: 'STORE_UNAVAILABLE' });
  });
});

describe('a citizen whom an officer suspended', () => {
  const portsOf = (audit: TestAudit, isSuspended: (accountId: string) => Promise<boolean>) => ({
    documents: async () => [acceptedDocument(authority)],
    audit: audit.log,
    clock: () => AT,
    accountIdOf: () => 'account-1',
    isSuspended,
  });

  it('is signed in by no card, however good; on record', async () => {
    const audit = testAudit();
    const certificate = card();
    await expectRefusal(
      () =>
        authenticateCitizen(
          present(certificate),
          PRESENTATION,
          portsOf(audit, async (id) => id === 'account-1'),
        ),
      IdentityError,
      'CITIZEN_SUSPENDED',
    );
    expect(audit.events()).to.have.lengthOf(1);
    expect(audit.events()[0]).to.include({
      type: 'citizen.refused',
      code: 'CITIZEN_SUSPENDED',
      accountId: 'account-1',
    });
  });

  it('or of whom that cannot be known', async () => {
    const audit = testAudit();
    const lost = () => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'no'));
    await expectRefusal(
      () => authenticateCitizen(present(card()), PRESENTATION, portsOf(audit, lost)),
      ServiceError,
      'STORE_UNAVAILABLE',
    );
    expect(audit.events()[0]).to.include({ type: 'citizen.refused', code: 'STORE_UNAVAILABLE' });
  });
});

describe('what nobody foresaw', () => {
  it('is INTERNAL on record, and goes on as it is', async () => {
    const unforeseen = new RangeError('x');
    const { audit, authenticate } = setUp({ revocation: { evidenceFor: () => Promise.reject(unforeseen) } });
    expect(await thrownBy(() => authenticate(present(card())))).to.equal(unforeseen);
    expect(audit.events()[0]).to.include({ type: 'citizen.refused', code: 'INTERNAL' });
  });

  it('a good card whose record cannot be made durable is nobody', async () => {
    const { audit, authenticate } = setUp();
    audit.fail();
    await expectRefusal(() => authenticate(present(card())), ServiceError, 'AUDIT_UNAVAILABLE');
  });

  it('a refusal whose record cannot be made durable is AUDIT_UNAVAILABLE', async () => {
    const { audit, authenticate } = setUp({ revocation: revoking('keyCompromise') });
    audit.fail();
    await expectRefusal(() => authenticate(present(card())), ServiceError, 'AUDIT_UNAVAILABLE');
  });
});
