import { expect } from 'chai';
import {
  basicConstraints,
  certificatePolicies,
  crlDistributionPoints,
  extendedKeyUsage,
  inhibitAnyPolicy,
  keyUsage,
  nameConstraints,
  policyConstraints,
  policyMappings,
  subjectKeyIdentifier,
} from '../../src/demo/certificate-extensions.ts';
import { extension } from '../../src/demo/extension.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { CertificateError } from '../../src/errors.ts';
import { nullValue } from '../../src/pki/der-writer.ts';
import { validatePath } from '../../src/pki/path-validation.ts';
import { ANY_POLICY } from '../../src/pki/policy-tree.ts';
import {
  AT,
  type CertificateChanges,
  createTestAuthority,
  daysFromAt,
  issueTestCa,
  issueTestCard,
  issueTestRoot,
  OTHER_POLICY,
  TEST_POLICY,
} from '../support/authority.ts';
import { anchorOf, expectClause, findPath, parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();
const stranger = createTestAuthority();
const card = issueTestCard(issuing);
const UPPER = [{ type: 'commonName', value: 'Thiqa test upper CA' }];
const LOWER = [{ type: 'commonName', value: 'Thiqa test lower CA' }];

/** The path of a changed card. */
const withCard = (changes: CertificateChanges) => [issueTestCard(issuing, changes), issuing, root];
/** The path of a card under a changed issuing CA. */
function withIssuing(changes: Parameters<typeof issueTestCa>[1]) {
  const ca = issueTestCa(root, changes);
  return [issueTestCard(ca), ca, root];
}
/** The path of a card under a changed root. */
function withRoot(changes: CertificateChanges) {
  const top = issueTestRoot(changes);
  const ca = issueTestCa(top);
  return [issueTestCard(ca), ca, top];
}
const critical = (oid: string) => extension(oid, true, nullValue());

describe('RFC 5280 6.1: a good path', () => {
  it('is valid, and says what it rests on', () => {
    const path = findPath([card, issuing, root]);
    expect(path.certificates.map(({ sha256 }) => sha256)).to.deep.equal([parse(card).sha256, parse(issuing).sha256]);
    expect(path.anchor.certificate.sha256).to.equal(parse(root).sha256);
    expect(path.policies).to.deep.equal([TEST_POLICY]);
    expect(path).to.include({ purpose: 'clientAuth' });
    expect(path.at.getTime()).to.equal(AT.getTime());
  });

  it('may have no intermediate at all', () => {
    expect(findPath([issueTestCard(root), root]).certificates).to.have.lengthOf(1);
  });

  it('cannot be changed afterwards', () => {
    const path = findPath([card, issuing, root]);
    expect(Object.isFrozen(path)).to.equal(true);
    expect(Object.isFrozen(path.certificates)).to.equal(true);
    expect(Object.isFrozen(path.policies)).to.equal(true);
  });
});

describe('RFC 5280 6.1.3 (a)(1): signature', () => {
  it('by another key than that of the CA of this name is refused', async () => {
    const forged = issueTestCard(issuing, { issuerKey: stranger.issuing.keys.privateKey });
    const options = { at: AT, purpose: 'clientAuth' } as const;
    const candidate = { certificates: [forged, issuing].map(parse), anchor: anchorOf(root) };
    await expectClause(() => validatePath(candidate, options), 'CERT_SIGNATURE_INVALID', '6.1.3 (a)(1)', 0);
    await expectClause(() => findPath([forged, issuing, root]), 'CERT_SIGNATURE_INVALID', '6.1.3 (a)(1)', 0);
  });

  it('4.1.1.2: names one algorithm inside and outside', async () => {
    const path = withCard({ outerSignatureAlgorithm: 'ecdsa-with-SHA384' });
    await expectClause(() => findPath(path), 'CERT_SIGNATURE_INVALID', '6.1.3 (a)(1)', 0);
  });

  it('is remembered of CAs without forgetting anything else: dates count again each time', async () => {
    findPath([card, issuing, root]);
    await expectClause(() => findPath([card, issuing, root], { at: daysFromAt(6000) }), 'CERT_EXPIRED', '6.1.3 (a)(2)');
  });
});

describe('algorithm policy', () => {
  it('refuses SHA-1 by default and takes it as legacy', async () => {
    const path = withCard({ signatureAlgorithm: 'ecdsa-with-SHA1' });
    await expectClause(() => findPath(path), 'CERT_ALGORITHM_REFUSED', '6.1.3 (a)(1)', 0);
    expect(findPath(path, { algorithms: 'legacy' }).certificates).to.have.lengthOf(2);
  });

  it('asks again of a signature that is remembered', async () => {
    const path = withIssuing({ signatureAlgorithm: 'ecdsa-with-SHA1' });
    findPath(path, { algorithms: 'legacy' });
    await expectClause(() => findPath(path), 'CERT_ALGORITHM_REFUSED', '6.1.3 (a)(1)', 1);
  });

  it('refuses an RSA key below 2048 bits by default and below 1024 always', async () => {
    const path = withCard({ keys: generateKeys('RSA-1024') });
    await expectClause(() => findPath(path), 'CERT_ALGORITHM_REFUSED', '6.1.3 (a)(1)', 0);
    expect(findPath(path, { algorithms: 'legacy' }).certificates).to.have.lengthOf(2);
    expect(findPath(withCard({ keys: generateKeys('RSA-2048') })).certificates).to.have.lengthOf(2);
  });

  it('never takes MD5', async () => {
    const keys = generateKeys('RSA-2048');
    const ca = issueTestCa(root, { keys });
    const path = [issueTestCard(ca, { signatureAlgorithm: 'md5WithRSAEncryption' }), ca, root];
    await expectClause(() => findPath(path, { algorithms: 'legacy' }), 'CERT_ALGORITHM_REFUSED', '6.1.3 (a)(1)', 0);
    expect(findPath([issueTestCard(ca), ca, root]).certificates).to.have.lengthOf(2);
  });
});

describe('RFC 5280 6.1.3 (a)(2): validity', () => {
  it('of the end entity', async () => {
    await expectClause(() => findPath(withCard({ notAfter: daysFromAt(-1) })), 'CERT_EXPIRED', '6.1.3 (a)(2)', 0);
    await expectClause(() => findPath(withCard({ notBefore: daysFromAt(1) })), 'CERT_NOT_YET_VALID', '6.1.3 (a)(2)', 0);
    expect(findPath(withCard({ notAfter: AT })).certificates).to.have.lengthOf(2);
    expect(findPath(withCard({ notBefore: AT })).certificates).to.have.lengthOf(2);
  });

  it('of a CA', async () => {
    await expectClause(() => findPath(withIssuing({ notAfter: daysFromAt(-1) })), 'CERT_EXPIRED', '6.1.3 (a)(2)', 1);
  });

  it('of an anchor that is a certificate, and not of one that is a key', async () => {
    const path = withRoot({ notAfter: daysFromAt(-1) });
    await expectClause(() => findPath(path), 'CERT_EXPIRED', '6.1.3 (a)(2)', 2);
    expect(findPath(path, { anchorAs: 'key' }).certificates).to.have.lengthOf(2);
  });

  it('is not met by a time that is none', async () => {
    const step = () => findPath([card, issuing, root], { at: new Date(Number.NaN) });
    await expectRefusal(step, CertificateError, 'CERT_NOT_YET_VALID');
  });
});

describe('RFC 5280 6.1.3 (a)(4): name chaining', () => {
  it('the issuer is the subject above', async () => {
    const renamed = issueTestCard(issuing, { issuerName: LOWER });
    const candidate = { certificates: [renamed, issuing].map(parse), anchor: anchorOf(root) };
    const step = () => validatePath(candidate, { at: AT, purpose: 'any' });
    await expectClause(step, 'CERT_NAME_CHAIN_BROKEN', '6.1.3 (a)(4)', 0);
  });

  it('7.1: in another case and string type it is the same', () => {
    const spelled = issueTestCard(issuing, {
      issuerName: [
        { type: 'countryName', value: 'ma' },
        { type: 'organizationName', value: 'THIQA  TEST', encoding: 'printable' },
        { type: 'commonName', value: ' thiqa test issuing ca ' },
      ],
    });
    expect(findPath([spelled, issuing, root]).certificates).to.have.lengthOf(2);
  });
});

describe('RFC 5280 6.1.3 (b), (c): name constraints', () => {
  const permitMorocco = {
    nameConstraints: nameConstraints({ permitted: [{ directory: [{ type: 'countryName', value: 'MA' }] }] }),
  };
  const subject = [{ type: 'countryName', value: 'DZ' }];

  it('of a CA bind the end entity', async () => {
    const ca = issueTestCa(root, { extensions: permitMorocco });
    expect(findPath([issueTestCard(ca), ca, root]).certificates).to.have.lengthOf(2);
    await expectClause(
      () => findPath([issueTestCard(ca, { subject }), ca, root]),
      'CERT_NAME_CONSTRAINED',
      '6.1.3 (b), (c)',
      0,
    );
  });

  it('of an anchor count when it is a certificate', async () => {
    const top = issueTestRoot({ extensions: permitMorocco });
    const path = [issueTestCard(top, { subject }), top];
    await expectClause(() => findPath(path), 'CERT_NAME_CONSTRAINED', '6.1.3 (b), (c)', 0);
    expect(findPath(path, { anchorAs: 'key' }).certificates).to.have.lengthOf(1);
  });

  it('do not bind a self-issued intermediate, but a self-issued end entity', async () => {
    const keys = generateKeys();
    const upper = issueTestCa(root, { subject, extensions: permitMorocco });
    const rolled = issueTestCa(upper, { subject, keys });
    const good = [{ type: 'countryName', value: 'MA' }];
    expect(findPath([issueTestCard(rolled, { subject: good }), rolled, upper, root]).certificates).to.have.lengthOf(3);
    await expectClause(
      () => findPath([issueTestCard(upper, { subject }), upper, root]),
      'CERT_NAME_CONSTRAINED',
      '6.1.3 (b), (c)',
      0,
    );
  });
});

describe('RFC 5280 6.1.3 (d) to (f), 6.1.5 (g): certificate policies', () => {
  it('S20: are required when the caller says so', async () => {
    const path = [card, issuing, root];
    const required = { requireExplicitPolicy: true, initialPolicySet: [TEST_POLICY] };
    expect(findPath(path, required).policies).to.deep.equal([TEST_POLICY]);
    const other = { ...required, initialPolicySet: [OTHER_POLICY] };
    await expectClause(() => findPath(path, other), 'CERT_POLICY_REFUSED', '6.1.5 (g)', 0);
    expect(findPath(path, { initialPolicySet: [OTHER_POLICY] }).policies).to.deep.equal([]);
  });

  it('(f): none at all is refused when one is required', async () => {
    const path = withCard({ extensions: { certificatePolicies: null } });
    await expectClause(() => findPath(path, { requireExplicitPolicy: true }), 'CERT_POLICY_REFUSED', '6.1.3 (f)', 0);
    expect(findPath(path).policies).to.deep.equal([]);
  });

  it('6.1.4 (i)(1), (h): requireExplicitPolicy counts down over certificates that are not self-issued', async () => {
    const noPolicy = { extensions: { certificatePolicies: null } };
    const under = (skip: number) => {
      const upper = issueTestCa(root, {
        subject: UPPER,
        extensions: { policyConstraints: policyConstraints({ requireExplicitPolicy: skip }) },
      });
      const lower = issueTestCa(upper, { subject: LOWER });
      return [issueTestCard(lower, noPolicy), lower, upper, root];
    };
    await expectClause(() => findPath(under(0)), 'CERT_POLICY_REFUSED', '6.1.3 (f)', 0);
    await expectClause(() => findPath(under(1)), 'CERT_POLICY_REFUSED', '6.1.3 (f)', 0);
    expect(findPath(under(3)).policies).to.deep.equal([]);
  });

  it('6.1.5 (b): the end entity may require a policy itself', async () => {
    const extensions = { policyConstraints: policyConstraints({ requireExplicitPolicy: 0 }) };
    expect(findPath(withCard({ extensions })).policies).to.deep.equal([TEST_POLICY]);
    const step = () => findPath(withCard({ extensions }), { initialPolicySet: [OTHER_POLICY] });
    await expectClause(step, 'CERT_POLICY_REFUSED', '6.1.5 (g)', 0);
  });

  it('6.1.4 (a): anyPolicy is not mapped', async () => {
    for (const pair of [
      [ANY_POLICY, TEST_POLICY],
      [TEST_POLICY, ANY_POLICY],
    ] as const) {
      const path = withIssuing({ extensions: { policyMappings: policyMappings([pair]) } });
      await expectClause(() => findPath(path), 'CERT_POLICY_REFUSED', '6.1.4 (a)', 1);
    }
  });

  it('6.1.4 (b): mapped policies are valid in the terms of the anchor, unless mapping is inhibited', async () => {
    const ca = issueTestCa(root, { extensions: { policyMappings: policyMappings([[TEST_POLICY, OTHER_POLICY]]) } });
    const path = [
      issueTestCard(ca, { extensions: { certificatePolicies: certificatePolicies([OTHER_POLICY]) } }),
      ca,
      root,
    ];
    const required = { requireExplicitPolicy: true, initialPolicySet: [TEST_POLICY] };
    expect(findPath(path, required).policies).to.deep.equal([TEST_POLICY]);
    await expectRefusal(
      () => findPath(path, { ...required, inhibitPolicyMapping: true }),
      CertificateError,
      'CERT_POLICY_REFUSED',
    );
  });

  it('6.1.4 (j): inhibitAnyPolicy', async () => {
    const anyPolicy = { certificatePolicies: certificatePolicies([ANY_POLICY]) };
    const under = (skip: number) => {
      const upper = issueTestCa(root, { subject: UPPER, extensions: { inhibitAnyPolicy: inhibitAnyPolicy(skip) } });
      const lower = issueTestCa(upper, { subject: LOWER });
      return [issueTestCard(lower, { extensions: anyPolicy }), lower, upper, root];
    };
    const required = { requireExplicitPolicy: true };
    await expectClause(() => findPath(under(1), required), 'CERT_POLICY_REFUSED', '6.1.3 (f)', 0);
    expect(findPath(under(2), required).policies).to.deep.equal([TEST_POLICY]);
    await expectClause(
      () => findPath(under(2), { ...required, inhibitAnyPolicy: true }),
      'CERT_POLICY_REFUSED',
      '6.1.3 (f)',
      0,
    );
  });
});

describe('RFC 5280 6.1.4 (k): basicConstraints', () => {
  it('an issuer is a CA', async () => {
    for (const changed of [null, basicConstraints({ ca: false })]) {
      const path = withIssuing({ extensions: { basicConstraints: changed, keyUsage: null } });
      await expectClause(() => findPath(path, { strict: false }), 'CERT_NOT_CA', '6.1.4 (k)', 1);
    }
  });

  it('the end entity may be one', () => {
    expect(findPath([issuing, root], { purpose: 'any' }).certificates).to.have.lengthOf(1);
  });
});

describe('RFC 5280 6.1.4 (l), (m): path length', () => {
  /** A card under `lengths.length` CAs, the upper one first, each with its path length. */
  function under(lengths: readonly (number | undefined)[], selfIssued = false) {
    let issuer: typeof root = root;
    const path: { readonly certificate: Buffer }[] = [root];
    lengths.forEach((pathLength, index) => {
      const subject = selfIssued ? UPPER : [{ type: 'commonName', value: `Thiqa test CA ${index}` }];
      issuer = issueTestCa(issuer, { subject, ...(pathLength !== undefined && { pathLength }) });
      path.unshift(issuer);
    });
    return [issueTestCard(issuer), ...path];
  }

  it('0 allows the end entity and no CA below', async () => {
    expect(findPath(under([0])).certificates).to.have.lengthOf(2);
    await expectClause(() => findPath(under([0, undefined])), 'CERT_PATH_LENGTH_EXCEEDED', '6.1.4 (l)', 1);
  });

  it('counts down, and a larger one below does not lift it', async () => {
    expect(findPath(under([1, 5])).certificates).to.have.lengthOf(3);
    await expectClause(() => findPath(under([1, 5, undefined])), 'CERT_PATH_LENGTH_EXCEEDED', '6.1.4 (l)', 1);
  });

  it('does not count self-issued CAs', () => {
    expect(findPath(under([0, 0, 0], true)).certificates).to.have.lengthOf(4);
  });

  it('of an anchor counts when it is a certificate', async () => {
    const top = issueTestRoot({ extensions: { basicConstraints: basicConstraints({ ca: true, pathLength: 0 }) } });
    const ca = issueTestCa(top);
    const path = [issueTestCard(ca), ca, top];
    await expectClause(() => findPath(path), 'CERT_PATH_LENGTH_EXCEEDED', '6.1.4 (l)', 1);
    expect(findPath(path, { anchorAs: 'key' }).certificates).to.have.lengthOf(2);
  });

  it('may be limited by the caller', async () => {
    expect(findPath(under([undefined]), { maxIntermediates: 1 }).certificates).to.have.lengthOf(2);
    const step = () => findPath(under([undefined]), { maxIntermediates: 0 });
    await expectClause(step, 'CERT_PATH_LENGTH_EXCEEDED', '6.1.4 (l)', 1);
  });
});

describe('RFC 5280 6.1.4 (n): keyUsage of a CA', () => {
  it('S19: allows certificates to be signed, whether the extension is critical or not', async () => {
    for (const isCritical of [true, false]) {
      const path = withIssuing({ extensions: { keyUsage: keyUsage(['cRLSign', 'digitalSignature'], isCritical) } });
      await expectClause(() => findPath(path), 'CERT_KEY_USAGE_REFUSED', '6.1.4 (n)', 1);
    }
  });

  it('may be absent', () => {
    expect(findPath(withIssuing({ extensions: { keyUsage: null } })).certificates).to.have.lengthOf(2);
  });
});

describe('RFC 5280 4.2.1.3, 4.2.1.12: keyUsage of the end entity', () => {
  const usedFor = (...usages: Parameters<typeof keyUsage>[0]) =>
    withCard({ extensions: { keyUsage: keyUsage(usages, false) } });

  it('S19: lets a client sign its handshake or agree on a key, whether the extension is critical or not', async () => {
    for (const usage of ['nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'cRLSign'] as const) {
      await expectClause(() => findPath(usedFor(usage)), 'CERT_KEY_USAGE_REFUSED', '4.2.1.3', 0);
      expect(findPath(usedFor(usage), { purpose: 'any' }).certificates, usage).to.have.lengthOf(2);
    }
    for (const usage of ['digitalSignature', 'keyAgreement'] as const) {
      expect(findPath(usedFor('nonRepudiation', usage)).certificates, usage).to.have.lengthOf(2);
    }
  });

  it('may be absent', () => {
    expect(findPath(withCard({ extensions: { keyUsage: null } })).certificates).to.have.lengthOf(2);
  });
});

describe('RFC 5280 4.2.1.12: extended key usage', () => {
  it('of the end entity includes the purpose, or any', async () => {
    const serverOnly = withCard({ extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) } });
    await expectClause(() => findPath(serverOnly), 'CERT_EXTENDED_KEY_USAGE_REFUSED', '4.2.1.12', 0);
    expect(findPath(serverOnly, { purpose: 'serverAuth' }).purpose).to.equal('serverAuth');
    expect(findPath(serverOnly, { purpose: 'any' }).purpose).to.equal('any');
    expect(
      findPath(withCard({ extensions: { extendedKeyUsage: extendedKeyUsage(['any']) } })).certificates,
    ).to.have.lengthOf(2);
    expect(findPath(withCard({ extensions: { extendedKeyUsage: null } })).certificates).to.have.lengthOf(2);
  });

  it('of a CA restricts what is below', async () => {
    const path = withIssuing({ extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) } });
    await expectClause(() => findPath(path), 'CERT_EXTENDED_KEY_USAGE_REFUSED', '4.2.1.12', 1);
  });
});

describe('RFC 5280 6.1.4 (o), 6.1.5 (f): critical extensions', () => {
  const unknown = [critical('2.999.1')];

  it('S23: an unknown one is refused in the end entity and in a CA', async () => {
    await expectClause(
      () => findPath(withCard({ moreExtensions: unknown })),
      'CERT_CRITICAL_EXTENSION_UNKNOWN',
      '6.1.5 (f)',
      0,
    );
    const path = withIssuing({ moreExtensions: unknown });
    await expectClause(() => findPath(path), 'CERT_CRITICAL_EXTENSION_UNKNOWN', '6.1.4 (o)', 1);
  });

  it('an unknown one that is not critical is ignored', () => {
    const path = withCard({ moreExtensions: [extension('2.999.1', false, nullValue())] });
    expect(findPath(path).certificates).to.have.lengthOf(2);
  });

  it('of an anchor count when it is a certificate', async () => {
    const path = withRoot({ moreExtensions: unknown });
    await expectClause(() => findPath(path), 'CERT_CRITICAL_EXTENSION_UNKNOWN', '6.1.4 (o)', 2);
    expect(findPath(path, { anchorAs: 'key' }).certificates).to.have.lengthOf(2);
  });

  it('one that RFC 5280 defines and nobody here processes is unknown', async () => {
    const path = withCard({
      moreExtensions: [extension('1.3.6.1.5.5.7.1.1', true, Buffer.from('300f300d06082b06010505073001820161', 'hex'))],
    });
    await expectClause(() => findPath(path), 'CERT_CRITICAL_EXTENSION_UNKNOWN', '6.1.5 (f)', 0);
    const points = crlDistributionPoints([{ fullName: [{ uri: 'http://crl.example/1' }] }], true);
    expect(findPath(withCard({ extensions: { crlDistributionPoints: points } })).certificates).to.have.lengthOf(2);
  });

  it('4.2.1.4: qualifiers of critical certificatePolicies must be known', async () => {
    // One policy, 2.999.1, with a qualifier 2.999.2 that is a NULL.
    const value = Buffer.from('3012301006038837013009300706038837020500', 'hex');
    const policies = (isCritical: boolean) => ({ certificatePolicies: extension('2.5.29.32', isCritical, value) });
    await expectClause(
      () => findPath(withCard({ extensions: policies(true) })),
      'CERT_CRITICAL_EXTENSION_UNKNOWN',
      '6.1.5 (f)',
      0,
    );
    expect(findPath(withCard({ extensions: policies(false) })).certificates).to.have.lengthOf(2);
  });
});

describe('RFC 5280 section 4: strict', () => {
  const cases: readonly (readonly [string, string, ReturnType<typeof withCard>])[] = [
    ['a positive serial number', '4.1.2.2', withCard({ serialNumber: Buffer.of(0x80) })],
    ['a serial number that is not zero', '4.1.2.2', withCard({ serialNumber: Buffer.of(0x00) })],
    ['a serial number of 20 octets at most', '4.1.2.2', withCard({ serialNumber: Buffer.alloc(21, 1) })],
    ['a subject, or a critical subjectAltName', '4.1.2.6', withCard({ subject: [] })],
    ['an authorityKeyIdentifier', '4.2.1.1', withCard({ extensions: { authorityKeyIdentifier: null } })],
    ['a subjectKeyIdentifier in a CA', '4.2.1.2', withIssuing({ extensions: { subjectKeyIdentifier: null } })],
    ['a subjectKeyIdentifier in an anchor', '4.2.1.2', withRoot({ extensions: { subjectKeyIdentifier: null } })],
    [
      'keyCertSign only with cA',
      '4.2.1.9',
      withCard({ extensions: { keyUsage: keyUsage(['digitalSignature', 'keyCertSign']) } }),
    ],
    [
      'critical basicConstraints in a CA',
      '4.2.1.9',
      withIssuing({ extensions: { basicConstraints: basicConstraints({ ca: true }, false) } }),
    ],
    [
      'no path length without cA',
      '4.2.1.9',
      withCard({ extensions: { basicConstraints: basicConstraints({ ca: false, pathLength: 1 }) } }),
    ],
    [
      'no path length without keyCertSign',
      '4.2.1.9',
      withCard({ extensions: { basicConstraints: basicConstraints({ ca: true, pathLength: 1 }) } }),
    ],
    [
      'nameConstraints in CAs only',
      '4.2.1.10',
      withCard({ extensions: { nc: nameConstraints({ excluded: [{ dns: 'a' }] }) } }),
    ],
    [
      'critical nameConstraints',
      '4.2.1.10',
      withIssuing({ extensions: { nc: nameConstraints({ excluded: [{ dns: 'a' }] }, false) } }),
    ],
    [
      'critical policyConstraints',
      '4.2.1.11',
      withIssuing({ extensions: { pc: policyConstraints({ inhibitPolicyMapping: 5 }, false) } }),
    ],
    ['critical inhibitAnyPolicy', '4.2.1.14', withIssuing({ extensions: { iap: inhibitAnyPolicy(5, false) } })],
  ];
  for (const [rule, clause, path] of cases) {
    it(`${clause}: ${rule}`, async () => {
      await expectClause(() => findPath(path), 'CERT_PROFILE_VIOLATED', clause);
      expect(findPath(path, { strict: false }).certificates).to.not.have.lengthOf(0);
    });
  }

  it('4.2.1.2: a subjectKeyIdentifier is not critical, strict or not', async () => {
    const keys = generateKeys();
    const path = withIssuing({
      keys,
      extensions: { subjectKeyIdentifier: subjectKeyIdentifier(keys.publicKey, true) },
    });
    await expectClause(() => findPath(path), 'CERT_PROFILE_VIOLATED', '4.2.1.2', 1);
    await expectClause(() => findPath(path, { strict: false }), 'CERT_CRITICAL_EXTENSION_UNKNOWN', '6.1.4 (o)', 1);
  });

  it('4.2.1.1: a self-signed anchor needs no authorityKeyIdentifier', () => {
    expect(findPath(withRoot({ extensions: { authorityKeyIdentifier: null } })).certificates).to.have.lengthOf(2);
  });

  it('4.1.2.2: a serial number of 20 octets is fine', () => {
    expect(findPath(withCard({ serialNumber: Buffer.alloc(20, 1) })).certificates).to.have.lengthOf(2);
  });
});
