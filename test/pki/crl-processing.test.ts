import { expect } from 'chai';
import { crlDistributionPoints, keyUsage } from '../../src/demo/certificate-extensions.ts';
import {
  certificateIssuer,
  crlNumber,
  deltaCrlIndicator,
  type IssuingDistributionPoint,
  issuingDistributionPoint,
} from '../../src/demo/crl-extensions.ts';
import type { NameTemplate } from '../../src/demo/distinguished-name.ts';
import { extension } from '../../src/demo/extension.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { nullValue } from '../../src/pki/der-writer.ts';
import { decideEachRevocation, decideRevocation, readEvidence } from '../../src/pki/revocation.ts';
import {
  AT,
  type CrlChanges,
  createTestAuthority,
  daysFromAt,
  ISSUING_NAME,
  issueTestCa,
  issueTestCard,
  issueTestCrl,
  TEST_CRL_URL,
} from '../support/authority.ts';
import { measureCpu } from '../support/cpu-time.ts';
import { inBrief, pathOf, policiesFor, statusBy } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const listed = [{ serialNumber: card.serialNumber, reason: 'keyCompromise' }] as const;
const held = [{ serialNumber: card.serialNumber, reason: 'certificateHold' }] as const;

/** The status of the good card by one CRL of its issuer. */
const by = (changes: CrlChanges, options = {}): string =>
  inBrief(statusBy(path, authority, { crls: [issueTestCrl(issuing, changes)] }, options));

const scope = (point: IssuingDistributionPoint): CrlChanges => ({
  extensions: { scope: issuingDistributionPoint(point) },
});
const url = (uri: string): Pick<IssuingDistributionPoint, 'fullName'> => ({ fullName: [{ uri }] });

describe('RFC 5280 6.3.3: what a CRL says of a certificate', () => {
  it('is good when a current CRL of the issuer does not list it', () => expect(by({})).to.equal('good'));
  it('is revoked, with reason and date, when it is listed', () => {
    const status = statusBy(path, authority, { crls: [issueTestCrl(issuing, { revoked: listed })] });
    expect(status).to.include({ status: 'revoked', reason: 'keyCompromise', depth: 0 });
    expect(status).to.have.deep.property('revocationDate', daysFromAt(-2));
  });
  it('is good when its neighbour is listed', () => {
    expect(
      by({ revoked: [{ serialNumber: Buffer.from([...card.serialNumber.subarray(0, 15), 0x01, 0x02]) }] }),
    ).to.equal('good');
  });
  it('is unknown without any CRL', () => expect(inBrief(statusBy(path, authority, {}))).to.equal('REVOCATION_UNKNOWN'));
  it('is unknown when no CRL covers the CA above it', () => {
    const evidence = readEvidence({ crls: [issueTestCrl(issuing)] });
    expect(decideRevocation(path, evidence, { at: AT })).to.include({
      status: 'unknown',
      code: 'REVOCATION_UNKNOWN',
      depth: 1,
    });
  });
  it('is revoked when the CA above it is', () => {
    const caSerial = Buffer.from(path.certificates[1]?.serialNumber ?? '', 'hex');
    const rootCrl = issueTestCrl(root, { revoked: [{ serialNumber: caSerial, reason: 'cACompromise' }] });
    const evidence = readEvidence({ crls: [issueTestCrl(issuing), rootCrl] });
    expect(decideRevocation(path, evidence, { at: AT })).to.include({
      status: 'revoked',
      reason: 'cACompromise',
      depth: 1,
    });
  });
  it('is revoked when one CRL lists it and another does not, in whatever order', () => {
    const crls = [issueTestCrl(issuing, { revoked: listed }), issueTestCrl(issuing, { number: 2 })];
    expect(inBrief(statusBy(path, authority, { crls }))).to.equal('revoked keyCompromise');
    expect(inBrief(statusBy(path, authority, { crls: crls.toReversed() }))).to.equal('revoked keyCompromise');
  });
  it('carries the evidence that it rests on', () => {
    const status = statusBy(path, authority, { crls: [issueTestCrl(issuing)] });
    expect(status.evidence).to.deep.include({ source: 'crl 2', thisUpdate: daysFromAt(-1), nextUpdate: daysFromAt(7) });
    expect(status.evidence?.sha256).to.match(/^[0-9a-f]{64}$/);
  });
});

describe('RFC 5280 5.1.2.4, 5.1.2.5: when a CRL counts', () => {
  it('counts from thisUpdate on, give or take the skew', () => {
    expect(by({ thisUpdate: AT })).to.equal('good');
    expect(by({ thisUpdate: new Date(AT.getTime() + 1000) }, { skewSeconds: 0 })).to.equal('CRL_NOT_YET_VALID');
    expect(by({ thisUpdate: new Date(AT.getTime() + 60_000) })).to.equal('good');
    expect(by({ thisUpdate: new Date(AT.getTime() + 61_000) })).to.equal('CRL_NOT_YET_VALID');
  });
  it('counts to nextUpdate', () => {
    expect(by({ nextUpdate: AT })).to.equal('good');
    expect(by({ nextUpdate: new Date(AT.getTime() - 1000) })).to.equal('REVOCATION_STALE');
    expect(by({ nextUpdate: new Date(AT.getTime() - 1000), revoked: listed })).to.equal('REVOCATION_STALE');
  });
  it('needs a maximum age where nextUpdate is absent', () => {
    expect(by({ nextUpdate: null })).to.equal('REVOCATION_STALE');
    expect(by({ nextUpdate: null }, { maxAgeSeconds: 86_400 })).to.equal('good');
  });
  it('is stale past the maximum age, whatever nextUpdate says', () => {
    expect(by({}, { maxAgeSeconds: 86_400 })).to.equal('good');
    expect(by({}, { maxAgeSeconds: 86_399 })).to.equal('REVOCATION_STALE');
  });
  it('is unknown at a time that is none', () => {
    const evidence = readEvidence({ crls: [issueTestCrl(issuing), issueTestCrl(root)] });
    expect(decideRevocation(path, evidence, { at: new Date(Number.NaN) }).status).to.equal('unknown');
  });
});

describe('RFC 5280 6.3.3 (f), (g): who signed the CRL', () => {
  it('is not relied on when another key signed it', () => {
    expect(by({ issuerKey: generateKeys().privateKey })).to.equal('CRL_SIGNATURE_INVALID');
  });
  it('says nothing when another CA issued it', () => {
    expect(by({ issuerName: root.name, issuerKey: root.keys.privateKey })).to.equal('REVOCATION_UNKNOWN');
  });
  it('is not relied on when the issuer may not sign CRLs', () => {
    const silent = issueTestCa(root, { pathLength: 0, extensions: { keyUsage: keyUsage(['keyCertSign']) } });
    const itsCard = issueTestCard(silent);
    const mute = { root, issuing: silent };
    expect(inBrief(statusBy(pathOf(itsCard, mute), mute, { crls: [issueTestCrl(silent)] }))).to.equal(
      'CRL_SIGNATURE_INVALID',
    );
  });

  const signerKeys = generateKeys();
  const signer = issueTestCa(root, {
    subject: ISSUING_NAME,
    keys: signerKeys,
    extensions: { keyUsage: keyUsage(['cRLSign']), basicConstraints: null },
  });
  const bySigner = issueTestCrl(issuing, {
    issuerKey: signerKeys.privateKey,
    extensions: { authorityKeyIdentifier: null },
  });

  it('counts when a key of the same CA for CRLs alone signed it, whose own path is valid and good', () => {
    expect(inBrief(statusBy(path, authority, { crls: [bySigner], certificates: [signer.certificate] }))).to.equal(
      'good',
    );
    expect(inBrief(statusBy(path, authority, { crls: [bySigner] }))).to.equal('CRL_SIGNATURE_INVALID');
  });
  it('is not relied on when that key is revoked', () => {
    const rootCrl = issueTestCrl(root, { number: 2, revoked: [{ serialNumber: signer.serialNumber }] });
    const given = { crls: [bySigner, rootCrl], certificates: [signer.certificate] };
    expect(inBrief(statusBy(path, authority, given))).to.equal('CRL_SIGNATURE_INVALID');
  });
  it('is not relied on when that key is certified under another trust anchor', () => {
    const stranger = createTestAuthority();
    const other = issueTestCa(stranger.root, {
      keys: signerKeys,
      extensions: { keyUsage: keyUsage(['cRLSign']), basicConstraints: null },
    });
    const given = {
      crls: [bySigner, issueTestCrl(stranger.root)],
      certificates: [other.certificate, stranger.root.certificate],
    };
    expect(inBrief(statusBy(path, authority, given))).to.equal('CRL_SIGNATURE_INVALID');
  });
  it('is not relied on when that key vouches for itself', () => {
    const itself = issueTestCa(issuing, {
      subject: ISSUING_NAME,
      keys: signerKeys,
      extensions: { keyUsage: keyUsage(['cRLSign']), basicConstraints: null },
    });
    expect(inBrief(statusBy(path, authority, { crls: [bySigner], certificates: [itself.certificate] }))).to.equal(
      'CRL_SIGNATURE_INVALID',
    );
  });
});

describe('RFC 5280 5.2.5, 6.3.3 (b): the scope of a CRL', () => {
  const scopes: readonly (readonly [string, IssuingDistributionPoint, string])[] = [
    ['the place that the certificate names', url(TEST_CRL_URL), 'good'],
    ['another place', url('http://crl.thiqa.example/ISSUING.crl'), 'CRL_SCOPE_MISMATCH'],
    ['user certificates', { onlyContainsUserCerts: true }, 'good'],
    ['CA certificates', { onlyContainsCACerts: true }, 'CRL_SCOPE_MISMATCH'],
    ['attribute certificates', { onlyContainsAttributeCerts: true }, 'CRL_SCOPE_MISMATCH'],
    ['user and CA certificates at once', { onlyContainsUserCerts: true, onlyContainsCACerts: true }, 'CRL_MALFORMED'],
    ['nothing that is said', {}, 'CRL_MALFORMED'],
    ['some reasons', { onlySomeReasons: ['keyCompromise', 'cACompromise'] }, 'REVOCATION_UNKNOWN'],
    [
      'certificates of several issuers, where the certificate names no CRL issuer',
      { ...url(TEST_CRL_URL), indirectCRL: true },
      'CRL_SCOPE_MISMATCH',
    ],
  ];
  for (const [what, point, expected] of scopes) {
    it(`${expected}: ${what}`, () => expect(by(scope(point))).to.equal(expected));
  }

  it('is compared at once, however many places the certificate and the CRL name', () => {
    const addresses = (count: number, of: string) =>
      Array.from({ length: count }, (_, index) => ({ uri: `http://${of}.example/${index}` }));
    const points = addresses(1_000, 'card').map((address) => ({ fullName: [address] }));
    const many = issueTestCard(issuing, { extensions: { crlDistributionPoints: crlDistributionPoints(points) } });
    const crls = [issueTestCrl(issuing, scope({ fullName: addresses(5_000, 'crl') }))];
    const { result, cpuMilliseconds } = measureCpu(
      () => pathOf(many, authority),
      (each) => inBrief(statusBy(each, authority, { crls })),
    );
    expect(result).to.equal('CRL_SCOPE_MISMATCH');
    expect(cpuMilliseconds).to.be.lessThan(200);
  });

  it('covers every reason by several CRLs together', () => {
    const some = scope({ onlySomeReasons: ['keyCompromise', 'cACompromise'] });
    const others = scope({
      onlySomeReasons: [
        'affiliationChanged',
        'superseded',
        'cessationOfOperation',
        'certificateHold',
        'privilegeWithdrawn',
        'aACompromise',
      ],
    });
    const crls = [issueTestCrl(issuing, some), issueTestCrl(issuing, others)];
    expect(inBrief(statusBy(path, authority, { crls }))).to.equal('good');
    const listing = [issueTestCrl(issuing, some), issueTestCrl(issuing, { ...others, revoked: held })];
    expect(inBrief(statusBy(path, authority, { crls: listing }))).to.equal('revoked certificateHold');
  });

  it('takes a relative name as one below the issuer', () => {
    const relativeName = [{ type: 'commonName', value: 'CRL1' }] as const;
    const itsCard = issueTestCard(issuing, {
      extensions: { crlDistributionPoints: crlDistributionPoints([{ relativeName }]) },
    });
    const fullName = [{ directory: [...ISSUING_NAME, ...relativeName] }] as const;
    const status = (point: IssuingDistributionPoint): string =>
      inBrief(statusBy(pathOf(itsCard, authority), authority, { crls: [issueTestCrl(issuing, scope(point))] }));
    expect(status({ fullName })).to.equal('good');
    expect(status({ relativeName })).to.equal('good');
    expect(status({ fullName: [{ directory: [...ISSUING_NAME, { type: 'commonName', value: 'CRL2' }] }] })).to.equal(
      'CRL_SCOPE_MISMATCH',
    );
  });

  it('covers a certificate without a distribution point only where the CRL names no other place', () => {
    const itsCard = issueTestCard(issuing, { extensions: { crlDistributionPoints: null } });
    const status = (changes: CrlChanges): string =>
      inBrief(statusBy(pathOf(itsCard, authority), authority, { crls: [issueTestCrl(issuing, changes)] }));
    expect(status({})).to.equal('good');
    expect(status(scope(url(TEST_CRL_URL)))).to.equal('CRL_SCOPE_MISMATCH');
    expect(status(scope({ fullName: [{ directory: ISSUING_NAME }] }))).to.equal('good');
  });
});

describe('RFC 5280 5.2.5, 5.3.3: indirect CRLs', () => {
  const OTHER: NameTemplate = [
    { type: 'countryName', value: 'MA' },
    { type: 'commonName', value: 'CRL issuer' },
  ];
  const crlIssuer = issueTestCa(root, {
    subject: OTHER,
    extensions: { keyUsage: keyUsage(['cRLSign']), basicConstraints: null },
  });
  const itsCard = issueTestCard(issuing, {
    extensions: { crlDistributionPoints: crlDistributionPoints([{ crlIssuer: [{ directory: OTHER }] }]) },
  });
  const itsPath = pathOf(itsCard, authority);
  const indirect = issuingDistributionPoint({ indirectCRL: true });
  const entry = { serialNumber: itsCard.serialNumber, reason: 'superseded' } as const;
  const status = (changes: CrlChanges): string => {
    const crl = issueTestCrl(crlIssuer, { ...changes, extensions: { scope: indirect, ...changes.extensions } });
    return inBrief(statusBy(itsPath, authority, { crls: [crl], certificates: [crlIssuer.certificate] }));
  };
  const naming = (name: NameTemplate) => [certificateIssuer([{ directory: name }])];

  it('is good by the CRL of the issuer that its distribution point names', () => expect(status({})).to.equal('good'));
  it('is revoked by an entry under its own issuer', () => {
    expect(status({ revoked: [{ ...entry, moreExtensions: naming(ISSUING_NAME) }] })).to.equal('revoked superseded');
  });
  it('is not concerned by the same serial number under the CRL issuer, or under another', () => {
    expect(status({ revoked: [entry] })).to.equal('good');
    expect(status({ revoked: [{ ...entry, moreExtensions: naming(OTHER) }] })).to.equal('good');
  });
  it('is revoked by an entry under its own issuer, whose name one of the two writes as a TeletexString', () => {
    const asTeletex: NameTemplate = ISSUING_NAME.flat().map((attribute) =>
      attribute.type === 'commonName' ? { ...attribute, encoding: 'teletex' } : attribute,
    );
    expect(status({ revoked: [{ ...entry, moreExtensions: naming(asTeletex) }] })).to.equal('revoked superseded');
  });
  it('takes the issuer of an entry from the entry before', () => {
    const first = { serialNumber: Buffer.of(9), moreExtensions: naming(ISSUING_NAME) };
    expect(status({ revoked: [first, entry] })).to.equal('revoked superseded');
  });
  it('is unknown when the CRL does not say that it is indirect', () => {
    expect(status({ extensions: { scope: null } })).to.equal('CRL_SCOPE_MISMATCH');
  });
  it('may cover its own issuer where the CA names it there, and not otherwise', () => {
    const point = { crlDistributionPoints: crlDistributionPoints([{ crlIssuer: [{ directory: OTHER }] }]) };
    const under = (extensions: typeof point | Record<string, never>): string => {
      const itself = issueTestCa(root, {
        subject: OTHER,
        extensions: { keyUsage: keyUsage(['cRLSign']), basicConstraints: null, ...extensions },
      });
      const crl = issueTestCrl(itself, { extensions: { scope: indirect } });
      const rootCrl = issueTestCrl(root, {
        extensions: { scope: issuingDistributionPoint({ onlyContainsCACerts: true }) },
      });
      const evidence = readEvidence({ crls: [crl, rootCrl], certificates: [parseCertificate(itself.certificate)] });
      return inBrief(decideRevocation(itsPath, evidence, { at: AT }));
    };
    expect(under(point)).to.equal('good');
    expect(under({})).to.equal('CRL_SIGNATURE_INVALID');
  });
  it('is not let in by an exception when its CRL says revoked, though the CRL issuer has ended or has no status', () => {
    const exception = { until: daysFromAt(1), reason: 'The CA has announced a failure.' };
    const under = (issuer: typeof crlIssuer, changes: CrlChanges, ofRoot: readonly Buffer[]) => {
      const crl = issueTestCrl(issuer, {
        revoked: [{ ...entry, moreExtensions: naming(ISSUING_NAME) }],
        ...changes,
        extensions: { scope: indirect },
      });
      const evidence = readEvidence({ crls: [crl, ...ofRoot], certificates: [parseCertificate(issuer.certificate)] });
      const [ofCard] = decideEachRevocation(itsPath, evidence, {
        at: AT,
        policies: policiesFor(issuing, { exception }),
      });
      return ofCard;
    };
    const ended = issueTestCa(root, {
      subject: OTHER,
      notAfter: daysFromAt(-1),
      extensions: { keyUsage: keyUsage(['cRLSign']), basicConstraints: null },
    });
    const rootCrl = issueTestCrl(root);
    const old = { thisUpdate: daysFromAt(-3), nextUpdate: daysFromAt(-2) };
    expect(under(ended, old, [rootCrl]))
      .to.include({ status: 'unknown' })
      .and.not.have.property('exception');
    expect(under(ended, { thisUpdate: daysFromAt(-0.5) }, [rootCrl])).to.include({
      status: 'unknown',
      exception: true,
    });
    expect(under(crlIssuer, {}, []))
      .to.include({ status: 'unknown' })
      .and.not.have.property('exception');
    const revoking = issueTestCrl(root, { revoked: [crlIssuer] });
    expect(under(crlIssuer, {}, [revoking])).to.include({ status: 'unknown', exception: true });
  });
  it('is unknown at once, however many certificates the CRL issuer has, when none of them is valid', () => {
    const expired = { subject: OTHER, keys: crlIssuer.keys, notAfter: daysFromAt(-1) };
    const certificates = Array.from({ length: 1_000 }, () => issueTestCa(root, expired).certificate);
    const crl = issueTestCrl(crlIssuer, { extensions: { scope: indirect } });
    const { result, cpuMilliseconds } = measureCpu(
      () => certificates,
      (each) => inBrief(statusBy(itsPath, authority, { crls: [crl], certificates: each })),
    );
    expect(result).to.equal('CRL_SIGNATURE_INVALID');
    expect(cpuMilliseconds).to.be.lessThan(200);
  });
  it('is unknown when only its own issuer has a CRL', () => {
    expect(inBrief(statusBy(itsPath, authority, { crls: [issueTestCrl(issuing)] }))).to.equal('REVOCATION_UNKNOWN');
  });
});

describe('RFC 5280 5.2.4: delta CRLs', () => {
  const delta = (base: number, number: number, changes: CrlChanges = {}): Buffer =>
    issueTestCrl(issuing, {
      ...changes,
      number,
      extensions: { delta: deltaCrlIndicator(base), ...changes.extensions },
    });
  const together = (...crls: readonly Buffer[]): string => inBrief(statusBy(path, authority, { crls }));
  const complete = (changes: CrlChanges = {}): Buffer => issueTestCrl(issuing, { number: 5, ...changes });
  const removed = [{ serialNumber: card.serialNumber, reason: 'removeFromCRL' }] as const;

  it('says nothing without a complete CRL', () => expect(together(delta(5, 6))).to.equal('REVOCATION_UNKNOWN'));
  it('adds to the complete CRL', () => {
    expect(together(complete(), delta(5, 6))).to.equal('good');
    expect(together(complete(), delta(5, 6, { revoked: listed }))).to.equal('revoked keyCompromise');
  });
  it('lifts a hold', () => {
    expect(together(complete({ revoked: held }))).to.equal('revoked certificateHold');
    expect(together(complete({ revoked: held }), delta(5, 6, { revoked: removed }))).to.equal('good');
  });
  it('lifts no other revocation than a hold (5.3.1)', () => {
    expect(together(complete({ revoked: listed }), delta(5, 6, { revoked: removed }))).to.equal(
      'revoked keyCompromise',
    );
    expect(together(complete(), delta(5, 6, { revoked: removed }))).to.equal('good');
  });
  it('leaves what it does not list', () => {
    expect(together(complete({ revoked: listed }), delta(5, 6))).to.equal('revoked keyCompromise');
  });
  it('counts only where the number line has no gap', () => {
    const lifting = { revoked: removed };
    expect(together(complete({ revoked: held }), delta(4, 6, lifting))).to.equal('good');
    expect(together(complete({ revoked: held }), delta(6, 7, lifting))).to.equal('revoked certificateHold');
    expect(together(complete({ revoked: held }), delta(4, 5, lifting))).to.equal('revoked certificateHold');
  });
  it('counts only when it is current, of the same scope, and signed by the issuer', () => {
    const hold = complete({ revoked: held });
    expect(together(hold, delta(5, 6, { revoked: removed, nextUpdate: daysFromAt(-0.5) }))).to.equal(
      'revoked certificateHold',
    );
    expect(together(hold, delta(5, 6, { revoked: removed, ...{ issuerKey: generateKeys().privateKey } }))).to.equal(
      'revoked certificateHold',
    );
    const scoped = {
      revoked: removed,
      extensions: { scope: issuingDistributionPoint({ onlyContainsUserCerts: true }) },
    };
    expect(together(hold, delta(5, 6, scoped))).to.equal('revoked certificateHold');
  });
  it('is taken with the highest number', () => {
    const lifted = delta(5, 6, { revoked: removed });
    const again = delta(5, 7, { revoked: listed });
    expect(together(complete({ revoked: held }), again, lifted)).to.equal('revoked keyCompromise');
  });
});

describe('RFC 5280 5.1, 5.2: what is refused as a whole', () => {
  const unknown = (critical: boolean) => extension('2.999.1', critical, nullValue());
  it('is not relied on with an unknown critical extension', () => {
    expect(by({ extensions: { unknown: unknown(false) } })).to.equal('good');
    expect(by({ extensions: { unknown: unknown(true) } })).to.equal('CRL_CRITICAL_EXTENSION_UNKNOWN');
  });
  it('is not relied on with an unknown critical extension in an entry for another certificate', () => {
    const entry = (critical: boolean) => ({ serialNumber: Buffer.of(1), moreExtensions: [unknown(critical)] });
    expect(by({ revoked: [entry(false)] })).to.equal('good');
    expect(by({ revoked: [entry(true)] })).to.equal('CRL_CRITICAL_EXTENSION_UNKNOWN');
  });
  it('has a number, unless no more than 6.3.3 is asked for (5.2.3)', () => {
    const unnumbered = { extensions: { crlNumber: null } };
    expect(by(unnumbered)).to.equal('CRL_MALFORMED');
    expect(by(unnumbered, { strict: false })).to.equal('good');
  });
  it('may then be of version 1, without extensions (5.1.2.1)', () => {
    const first = { version: 1, extensions: { authorityKeyIdentifier: null, crlNumber: null } } as const;
    expect(by(first, { strict: false })).to.equal('good');
    const extended = { version: 1, extensions: { authorityKeyIdentifier: null, crlNumber: crlNumber(1) } } as const;
    expect(by(extended, { strict: false })).to.equal('CRL_MALFORMED');
  });
  it('is malformed with another algorithm outside of the signature than inside', () => {
    expect(by({ outerSignatureAlgorithm: 'ecdsa-with-SHA384' })).to.equal('CRL_MALFORMED');
  });
  it('is malformed when cut off or continued', () => {
    const whole = issueTestCrl(issuing);
    for (const crl of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)]), Buffer.alloc(0)]) {
      expect(inBrief(statusBy(path, authority, { crls: [crl] }))).to.equal('CRL_MALFORMED');
    }
  });
});
