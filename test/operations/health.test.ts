import { expect } from 'chai';
import {
  assessHealth,
  type CertificateLife,
  type HealthInputs,
  type RevocationPlace,
} from '../../src/operations/health.ts';
import { AT, daysFromAt } from '../support/authority.ts';

const anchor: CertificateLife = {
  kind: 'anchor',
  profile: 'cnie',
  keySha256: 'a1',
  notBefore: daysFromAt(-100),
  notAfter: daysFromAt(1000),
};
const cardHost: CertificateLife = {
  kind: 'card-host',
  keySha256: 'b2',
  notBefore: daysFromAt(-100),
  notAfter: daysFromAt(1000),
};
const crl: RevocationPlace = {
  profile: 'cnie',
  source: 'http://crl.example.ma/issuing.crl',
  thisUpdate: daysFromAt(-1),
  nextUpdate: daysFromAt(6),
};
const GOOD: HealthInputs = {
  at: AT,
  lookAheadDays: 30,
  damagedTrustEntries: [],
  profiles: ['cnie'],
  certificates: [cardHost, anchor],
  revocationPlaces: [crl],
  revocationExceptions: [],
  logoutBacklog: [],
};
const assess = (changes: Partial<HealthInputs> = {}) => assessHealth({ ...GOOD, ...changes });
/** The status of the whole, and the checks that are not ok. */
const troubles = (changes: Partial<HealthInputs>) => {
  const { status, checks } = assess(changes);
  return { status, troubles: checks.filter((check) => check.status !== 'ok') };
};
const statusOf = (changes: Partial<HealthInputs>): string => {
  const { status, troubles: found } = troubles(changes);
  return [status, ...found.map(({ check, status: of }) => `${check} ${of}`)].join(', ');
};

describe('health', () => {
  it('is ok when everything is', () => {
    const { status, at, checks } = assess();
    expect(status).to.equal('ok');
    expect(at).to.equal(AT);
    expect(checks.map(({ check }) => check)).to.deep.equal([
      'store',
      'audit',
      'certificate',
      'certificate',
      'revocation',
    ]);
  });

  describe('fails with what every sign-in needs', () => {
    it('the store', () => expect(statusOf({ storeFailure: 'STORE_UNAVAILABLE' })).to.equal('failing, store failing'));
    it('the audit log', () =>
      expect(statusOf({ auditFailure: 'AUDIT_UNAVAILABLE' })).to.equal('failing, audit failing'));
    it('an append that has just failed', () =>
      expect(statusOf({ lastAuditAppend: { at: AT, isDurable: false } })).to.equal('failing, audit failing'));
    it('not with one that failed a minute ago: nobody may have tried since', () => {
      const at = new Date(AT.getTime() - 60_000);
      expect(statusOf({ lastAuditAppend: { at, isDurable: false } })).to.equal('degraded, audit degraded');
      expect(statusOf({ lastAuditAppend: { at, isDurable: true } })).to.equal('ok');
    });
    it('the certificate of the card host', () =>
      expect(statusOf({ certificates: [{ ...cardHost, notAfter: daysFromAt(-1) }, anchor] })).to.equal(
        'failing, certificate failing',
      ));
  });

  it('tells of a portal that has taken no notice of logout for more than ten minutes', () => {
    const since = (milliseconds: number) => [
      { clientId: 'portal-1', waiting: 3, since: new Date(AT.getTime() - milliseconds) },
    ];
    expect(statusOf({ logoutBacklog: since(600_000) })).to.equal('ok');
    const late = troubles({ logoutBacklog: since(600_001) });
    expect(late.status).to.equal('degraded');
    expect(late.troubles).to.have.length(1);
    expect(late.troubles[0]).to.include({ check: 'logout', subject: 'portal-1' });
    expect(late.troubles[0]?.message).to.match(/3 wait, the oldest since 20/);
  });

  describe('looks ahead to the end of certificates', () => {
    const ends = (notAfter: Date): string => statusOf({ certificates: [cardHost, { ...anchor, notAfter }] });
    it('ok beyond the days to look ahead', () =>
      expect(ends(new Date(daysFromAt(30).getTime() + 1000))).to.equal('ok'));
    it('degraded within them', () => expect(ends(daysFromAt(30))).to.equal('degraded, certificate degraded'));
    it('degraded in the last second', () => expect(ends(AT)).to.equal('degraded, certificate degraded'));
    it('failing after it', () => expect(ends(new Date(AT.getTime() - 1000))).to.equal('failing, certificate failing'));
    it('says which certificate, and how many days are left', () => {
      const { troubles: found } = troubles({ certificates: [cardHost, { ...anchor, notAfter: daysFromAt(9.5) }] });
      expect(found).to.deep.equal([
        {
          check: 'certificate',
          status: 'degraded',
          profile: 'cnie',
          subject: 'a1',
          message: 'the trust anchor certificate expires soon',
          until: daysFromAt(9.5),
          daysLeft: 9,
        },
      ]);
    });
    it('an anchor that is over beside one that is in date degrades', () =>
      expect(statusOf({ certificates: [anchor, { ...anchor, notAfter: daysFromAt(-1) }] })).to.equal(
        'degraded, certificate failing',
      ));
    it('an anchor that is not yet valid degrades, and alone leaves nobody to sign in', () => {
      const early = { ...anchor, notBefore: daysFromAt(1) };
      expect(statusOf({ certificates: [anchor, early] })).to.equal('degraded, certificate degraded');
      expect(statusOf({ certificates: [early] })).to.equal('failing, certificate degraded');
    });
  });

  describe('watches revocation information', () => {
    const place = (changes: Partial<RevocationPlace>): string =>
      statusOf({ revocationPlaces: [{ ...crl, ...changes }] });
    it('past its next update', () =>
      expect(place({ nextUpdate: new Date(AT.getTime() - 1) })).to.equal('failing, revocation failing'));
    it('at its next update, and near it', () => {
      expect(place({ nextUpdate: AT })).to.equal('degraded, revocation degraded');
      expect(place({ thisUpdate: daysFromAt(-9.1), nextUpdate: daysFromAt(0.9) })).to.equal(
        'degraded, revocation degraded',
      );
      expect(place({ thisUpdate: daysFromAt(-9), nextUpdate: daysFromAt(1) })).to.equal('ok');
    });
    it('that could not be renewed, while what is held is current', () =>
      expect(place({ failure: 'REVOCATION_UNAVAILABLE' })).to.equal('degraded, revocation degraded'));
    it('of which nothing is held', () => {
      const { profile, source } = crl;
      expect(statusOf({ revocationPlaces: [{ profile, source, failure: 'CRL_MALFORMED' }] })).to.equal(
        'failing, revocation failing',
      );
    });
    it('of a responder that is asked when needed', () => {
      const responder = { profile: 'cnie', source: 'http://ocsp.example.ma/', isAskedOnDemand: true };
      expect(statusOf({ revocationPlaces: [crl, responder] })).to.equal('ok');
      expect(statusOf({ revocationPlaces: [crl, { ...responder, failure: 'REVOCATION_UNAVAILABLE' }] })).to.equal(
        'degraded, revocation degraded',
      );
    });
  });

  it('is degraded while one document of two fails, and failing when both do', () => {
    const passport = { ...anchor, profile: 'passport' };
    const passportCrl = { ...crl, profile: 'passport' };
    const stale = { nextUpdate: daysFromAt(-0.5) };
    const two = { profiles: ['cnie', 'passport'], certificates: [anchor, passport] };
    expect(statusOf({ ...two, revocationPlaces: [{ ...crl, ...stale }, passportCrl] })).to.equal(
      'degraded, revocation failing',
    );
    expect(
      statusOf({
        ...two,
        revocationPlaces: [
          { ...crl, ...stale },
          { ...passportCrl, ...stale },
        ],
      }),
    ).to.equal('failing, revocation failing, revocation failing');
  });

  it('tells of a key ring that cannot be followed, and fails where citizens would be strangers', () => {
    expect(statusOf({ keysFailure: 'STORE_KEY_CHANGED' })).to.equal('degraded, keys degraded');
    expect(statusOf({ keysFailure: 'SUBJECT_KEY_CHANGED' })).to.equal('failing, keys failing');
    expect(statusOf({ keysFailure: 'STORE_UNAVAILABLE', storeFailure: 'STORE_UNAVAILABLE' })).to.equal(
      'failing, store failing',
    );
  });

  it('shows an exception to a revocation policy while it is in force', () => {
    const exception = { profile: 'cnie', subject: 'a1', until: daysFromAt(1) };
    expect(statusOf({ revocationExceptions: [exception] })).to.equal('degraded, exception degraded');
    expect(statusOf({ revocationExceptions: [{ ...exception, until: AT }] })).to.equal('ok');
  });

  it('tells of a refused configuration and of entries that are not trusted', () => {
    expect(statusOf({ configurationRefused: { at: AT, code: 'CONFIG_INVALID' } })).to.equal(
      'degraded, configuration degraded',
    );
    expect(statusOf({ damagedTrustEntries: [{ profile: 'cnie', keySha256: 'c3' }] })).to.equal(
      'degraded, trust-entry degraded',
    );
  });
});
