import { expect } from 'chai';
import { basicConstraints, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { ConfigurationError, ServiceError } from '../../src/errors.ts';
import { type Certificate, parseCertificate } from '../../src/pki/certificate.ts';
import {
  addTrust,
  refreshTrust,
  removeTrust,
  type TrustAddition,
  type TrustPorts,
} from '../../src/trust/change-trust.ts';
import { anchorOf } from '../support/acceptance.ts';
import { AT, createTestAuthority, daysFromAt, issueTestCard, issueTestRoot } from '../support/authority.ts';
import { TEST_PROFILE } from '../support/document.ts';
import { memoryTrust, testAudit } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const configured = createTestAuthority();
const other = createTestAuthority();
const profile = TEST_PROFILE.id;
const parse = ({ certificate }: { readonly certificate: Uint8Array }): Certificate => parseCertificate(certificate);
const keyOf = (ca: { readonly certificate: Uint8Array }): string => parse(ca).publicKey.keySha256;

const addition = (changes: Partial<TrustAddition> = {}): TrustAddition => ({
  certificate: parse(other.root),
  profile,
  kind: 'anchor',
  ...changes,
});

function setUp() {
  const audit = testAudit();
  const recordedBefore: number[] = [];
  const trust = memoryTrust(() => recordedBefore.push(audit.events().length));
  const ports: TrustPorts = {
    documents: [
      {
        profile: TEST_PROFILE,
        anchors: [anchorOf(configured.root)],
        intermediates: [parse(configured.issuing)],
      },
    ],
    trust,
    audit: audit.log,
    clock: () => AT,
  };
  return { audit, trust, ports, recordedBefore };
}

describe('adding trust', () => {
  it('puts the certificate on the list, pinned by its key, and says what it added', async () => {
    const { trust, ports } = setUp();
    const subject = {
      profile,
      kind: 'anchor' as const,
      keySha256: keyOf(other.root),
      certificateSha256: parse(other.root).sha256,
    };
    expect(await addTrust(addition({ keySha256: keyOf(other.root).toUpperCase() }), ports)).to.deep.equal({
      added: subject,
    });
    expect(trust.entries).to.deep.equal([{ ...subject, certificate: parse(other.root).der, addedAt: AT }]);
  });

  it('is on record before it takes effect', async () => {
    const { audit, ports, recordedBefore } = setUp();
    await addTrust(addition({ kind: 'intermediate' }), ports);
    expect(audit.events()).to.have.lengthOf(1);
    expect(audit.events()[0]).to.include({ type: 'trust.added', source: 'store', profile, kind: 'intermediate' });
    expect(recordedBefore).to.deep.equal([1]);
  });

  it('does not happen when it cannot be recorded', async () => {
    const { audit, trust, ports } = setUp();
    audit.fail();
    await expectRefusal(() => addTrust(addition(), ports), ServiceError, 'AUDIT_UNAVAILABLE');
    expect(trust.entries).to.be.empty;
  });

  const refuse = async (code: ConfigurationError['code'], changes: Partial<TrustAddition>): Promise<void> => {
    const { audit, trust, ports } = setUp();
    await expectRefusal(() => addTrust(addition(changes), ports), ConfigurationError, code);
    expect(trust.entries).to.be.empty;
    expect(audit.events()).to.be.empty;
  };

  it('of an end-entity certificate is refused (S18)', async () => {
    const card = parse(issueTestCard(other.issuing));
    await refuse('TRUST_ANCHOR_NOT_CA', { certificate: card, keySha256: card.publicKey.keySha256 });
    await refuse('TRUST_ANCHOR_NOT_CA', { certificate: card, kind: 'intermediate' });
  });
  it('of a certificate that says it is no CA is refused', () =>
    refuse('TRUST_ANCHOR_NOT_CA', {
      certificate: parse(issueTestRoot({ extensions: { basicConstraints: basicConstraints({ ca: false }) } })),
    }));
  it('of a CA that may not sign certificates is refused', () =>
    refuse('TRUST_ANCHOR_NOT_CA', {
      certificate: parse(issueTestRoot({ extensions: { keyUsage: keyUsage(['cRLSign']) } })),
    }));
  it('of another key than the one that is meant is refused', () =>
    refuse('TRUST_ANCHOR_KEY_MISMATCH', { keySha256: keyOf(other.issuing) }));
  it('for a profile that no document has is refused', () => refuse('TRUST_PROFILE_UNKNOWN', { profile: 'no-such' }));
  it('of what the configuration trusts already is refused', () =>
    refuse('TRUST_EXISTS', { certificate: parse(configured.root) }));

  it('twice is refused, in another kind is not', async () => {
    const { ports } = setUp();
    await addTrust(addition(), ports);
    await expectRefusal(() => addTrust(addition(), ports), ConfigurationError, 'TRUST_EXISTS');
    expect(await addTrust(addition({ kind: 'intermediate' }), ports)).to.have.nested.property(
      'added.kind',
      'intermediate',
    );
  });

  it('of a certificate that is out of date is allowed with a note', async () => {
    const expired = parse(issueTestRoot({ notAfter: daysFromAt(-1) }));
    const early = parse(issueTestRoot({ notBefore: daysFromAt(1) }));
    const { ports } = setUp();
    expect((await addTrust(addition({ certificate: expired }), ports)).note).to.include('expired');
    expect((await addTrust(addition({ certificate: early }), ports)).note).to.include('not yet valid');
  });
});

describe('removing trust', () => {
  it('removes what has the key for the profile, in each kind, on record first', async () => {
    const { audit, trust, ports, recordedBefore } = setUp();
    await addTrust(addition(), ports);
    await addTrust(addition({ kind: 'intermediate' }), ports);
    await addTrust(addition({ certificate: parse(other.issuing) }), ports);
    const { removed, note } = await removeTrust(keyOf(other.root).toUpperCase(), profile, ports);
    expect(removed.map(({ kind }) => kind)).to.deep.equal(['anchor', 'intermediate']);
    expect(note).to.equal(undefined);
    expect(trust.entries.map(({ keySha256 }) => keySha256)).to.deep.equal([keyOf(other.issuing)]);
    expect(audit.events().slice(3)).to.deep.equal(
      removed.map((subject) => ({ type: 'trust.removed', source: 'store', ...subject })),
    );
    expect(recordedBefore).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('does not happen when it cannot be recorded', async () => {
    const { audit, trust, ports } = setUp();
    await addTrust(addition(), ports);
    audit.fail();
    await expectRefusal(() => removeTrust(keyOf(other.root), profile, ports), ServiceError, 'AUDIT_UNAVAILABLE');
    expect(trust.entries).to.have.lengthOf(1);
  });

  const refuse = async (code: ConfigurationError['code'], key: string, of = profile) => {
    const { audit, ports } = setUp();
    const refused = await expectRefusal(() => removeTrust(key, of, ports), ConfigurationError, code);
    expect(audit.events()).to.be.empty;
    return refused;
  };

  it('of what the configuration trusts is refused, and says where that stands', async () => {
    expect((await refuse('TRUST_CONFIGURED', keyOf(configured.root))).detail).to.deep.equal({
      places: ['documents.0.trustAnchors.0'],
    });
    expect((await refuse('TRUST_CONFIGURED', keyOf(configured.issuing))).detail).to.deep.equal({
      places: ['documents.0.intermediates.0'],
    });
  });
  it('of a key that nobody trusts is refused', () => refuse('TRUST_NOT_FOUND', keyOf(other.root)));
  it('for a profile that nothing knows is refused', () =>
    refuse('TRUST_PROFILE_UNKNOWN', keyOf(configured.root), 'no-such'));

  it('is possible for a profile that has left the configuration', async () => {
    const { trust, ports } = setUp();
    await addTrust(addition(), ports);
    await removeTrust(keyOf(other.root), profile, { ...ports, documents: [] });
    expect(trust.entries).to.be.empty;
  });

  it('says so when the configuration trusts the key as well', async () => {
    const { ports } = setUp();
    await addTrust(addition({ certificate: parse(configured.root), kind: 'intermediate' }), ports);
    const { removed, note } = await removeTrust(keyOf(configured.root), profile, ports);
    expect(removed).to.have.lengthOf(1);
    expect(note).to.include('documents.0.trustAnchors.0');
  });
});

describe('refreshing trust', () => {
  it('raises the number of refreshes, on record first', async () => {
    const { audit, trust, ports, recordedBefore } = setUp();
    await refreshTrust(ports);
    expect(await trust.version()).to.deep.equal({ list: 1, refreshes: 1 });
    expect(audit.events()).to.deep.equal([{ type: 'trust.refreshed' }]);
    expect(recordedBefore).to.deep.equal([1]);
  });
});
