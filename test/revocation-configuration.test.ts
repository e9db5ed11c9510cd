import { expect } from 'chai';
import { documentSchema, readDocument } from '../src/document-configuration.ts';
import { parseCertificate } from '../src/pki/certificate.ts';
import { DEFAULT_POLICY, policyOf, type RevocationPolicies } from '../src/pki/revocation-policy.ts';
import { AT, daysFromAt, issueTestCard, pemOf } from './support/authority.ts';
import { type ConfigurationFolder, configurationFolder, keyOf } from './support/configuration.ts';
import { issueTestResponder } from './support/ocsp.ts';

type Settings = Readonly<Record<string, unknown>>;

let folder: ConfigurationFolder;
before(() => {
  folder = configurationFolder();
});
after(() => folder.remove());

const issuingKey = (): string => keyOf(folder.authority.issuing.certificate);

function read(revocation: Settings, changes: Settings = {}) {
  const problems: string[] = [];
  const parsed = documentSchema.safeParse({ ...folder.document, ...changes, revocation });
  if (!parsed.success) return { problems: parsed.error.issues.map(({ path }) => path.join('.')), policies: undefined };
  const { revocationPolicies: policies } = readDocument(parsed.data, folder.path, AT, (path) => problems.push(path));
  return { problems, policies };
}

function accept(revocation: Settings, changes: Settings = {}): RevocationPolicies {
  const { problems, policies } = read(revocation, changes);
  expect(problems).to.deep.equal([]);
  if (policies === undefined) throw new Error('no problem, and no policies');
  return policies;
}

/** The policy of the issuing CA, of which the configuration says this. */
const ofIssuing = (fields: Settings, defaults: Settings = {}) =>
  policyOf(
    accept({ ...defaults, issuers: [{ certificate: 'issuing.pem', ...fields }] }),
    parseCertificate(folder.authority.issuing.certificate),
  );

const refuse = (path: string, revocation: Settings, changes: Settings = {}): void => {
  expect(read(revocation, changes).problems).to.deep.equal([path]);
};
const refuseIssuer = (path: string, fields: Settings): void =>
  refuse(`revocation.issuers.0${path}`, { issuers: [{ keySha256: issuingKey(), ...fields }] });

describe('the revocation policies of a document', () => {
  it('are by default: CRLs alone, no age, no exception', () => {
    const { others, byIssuerKey } = accept({});
    expect(others).to.deep.include({ methods: ['crl'], strict: true, crlFromCertificate: false, crlIssuers: [] });
    expect(others.maxAgeSeconds).to.equal(undefined);
    expect(others.exception).to.equal(undefined);
    expect(byIssuerKey.size).to.equal(0);
  });

  it('name a CA by its certificate or by its key, which is the same', () => {
    const byCertificate = accept({ issuers: [{ certificate: 'issuing.pem', sources: ['ocsp'] }] });
    const byKey = accept({ issuers: [{ keySha256: issuingKey(), sources: ['ocsp'] }] });
    expect([...byCertificate.byIssuerKey.keys()]).to.deep.equal([issuingKey()]);
    expect(byKey).to.deep.equal(byCertificate);
  });

  it('take every setting of an entry', () => {
    folder.write('responder.pem', pemOf(issueTestResponder(folder.authority.issuing).certificate));
    const policy = ofIssuing({
      sources: ['ocsp', 'crl'],
      maxAgeSeconds: 3600,
      strict: false,
      crl: { fromCertificate: true },
      crlIssuers: ['root.pem'],
      ocsp: {
        responder: 'http://ocsp.example.ma/',
        pinnedResponders: ['responder.pem'],
        timeoutSeconds: 2,
        nonce: false,
        keepSeconds: 600,
      },
      exception: { until: daysFromAt(1).toISOString(), reason: 'The CA has announced a failure.' },
    });
    expect(policy).to.deep.include({
      methods: ['ocsp', 'crl'],
      maxAgeSeconds: 3600,
      strict: false,
      crlFromCertificate: true,
      exception: { until: daysFromAt(1), reason: 'The CA has announced a failure.' },
    });
    expect(policy.crlIssuers.map(({ publicKey }) => publicKey.keySha256)).to.deep.equal([
      keyOf(folder.authority.root.certificate),
    ]);
    const { pinnedResponders, ...ocsp } = policy.ocsp;
    expect(ocsp).to.deep.equal({
      responder: 'http://ocsp.example.ma/',
      timeoutSeconds: 2,
      nonce: false,
      keepSeconds: 600,
    });
    expect(pinnedResponders).to.have.length(1);
  });

  it('leave what an entry does not say as the document says, or else as the default', () => {
    const defaults = { sources: ['crl', 'ocsp'], maxAgeSeconds: 60, ocsp: { timeoutSeconds: 2 } };
    const policy = ofIssuing({ ocsp: { responder: 'https://ocsp.example.ma' } }, defaults);
    expect(policy).to.deep.include({ methods: ['crl', 'ocsp'], maxAgeSeconds: 60 });
    expect(policy.ocsp).to.deep.include({ responder: 'https://ocsp.example.ma', timeoutSeconds: 2, nonce: true });
    expect(accept(defaults).others).to.deep.include({ methods: ['crl', 'ocsp'], maxAgeSeconds: 60 });
  });

  it('need no CRL in the configuration where something else may tell the status', () => {
    refuse('crls', {}, { crls: [] });
    refuse('crls', { issuers: [{ keySha256: issuingKey(), maxAgeSeconds: 60 }] }, { crls: [] });
    accept({ sources: ['ocsp'] }, { crls: [] });
    accept({ crl: { fromCertificate: true } }, { crls: [] });
    accept({ issuers: [{ keySha256: issuingKey(), sources: ['ocsp'] }] }, { crls: undefined });
  });
});

describe('a problem of the revocation policies has its path', () => {
  it('settings of no meaning', () => {
    refuse('revocation', { unknown: 1 });
    refuse('revocation.sources', { sources: [] });
    refuse('revocation.sources.0', { sources: ['none'] });
    refuse('revocation.sources', { sources: ['crl', 'crl'] });
    refuse('revocation.maxAgeSeconds', { maxAgeSeconds: 0 });
    refuse('revocation.ocsp.timeoutSeconds', { sources: ['ocsp'], ocsp: { timeoutSeconds: 31 } });
    for (const responder of ['ocsp.example.ma', 'ldap://ocsp.example.ma/', 'http://', 'file:///etc/passwd'])
      refuseIssuer('.ocsp.responder', { sources: ['ocsp'], ocsp: { responder } });
  });

  it('a CA that is not named, named twice, or not a CA', () => {
    refuse('revocation.issuers.0', { issuers: [{ sources: ['crl'] }] });
    refuse('revocation.issuers.0', { issuers: [{ certificate: 'issuing.pem', keySha256: issuingKey() }] });
    refuse('revocation.issuers.0.keySha256', { issuers: [{ keySha256: 'x' }] });
    refuse('revocation.issuers.1', { issuers: [{ certificate: 'issuing.pem' }, { keySha256: issuingKey() }] });
    folder.write('card.pem', pemOf(issueTestCard(folder.authority.issuing).certificate));
    refuse('revocation.issuers.0.certificate', { issuers: [{ certificate: 'card.pem' }] });
    refuse('revocation.issuers.0.certificate', { issuers: [{ certificate: 'absent.pem' }] });
  });

  it('files of an entry that cannot be read', () => {
    refuseIssuer('.crlIssuers.1', { crlIssuers: ['root.pem', 'absent.pem'] });
    refuseIssuer('.ocsp.pinnedResponders.0', { sources: ['ocsp'], ocsp: { pinnedResponders: ['profile.yaml'] } });
  });

  it('a responder that nothing would ask', () => {
    refuseIssuer('.ocsp', { ocsp: { responder: 'http://ocsp.example.ma/' } });
  });

  it('an exception without an end, without a reason, or of more than seven days', () => {
    const reason = 'x';
    const until = daysFromAt(7).toISOString();
    accept({ issuers: [{ keySha256: issuingKey(), exception: { until, reason } }] });
    const after = new Date(daysFromAt(7).getTime() + 1000).toISOString();
    refuseIssuer('.exception.until', { exception: { until: after, reason } });
    refuseIssuer('.exception.until', { exception: { reason } });
    refuseIssuer('.exception.until', { exception: { until: 'tomorrow', reason } });
    refuseIssuer('.exception.until', { exception: { until: '2026-06-02T12:00:00', reason } });
    refuseIssuer('.exception.reason', { exception: { until, reason: ' ' } });
    refuse('revocation', { exception: { until, reason } });
  });

  it('an exception that has ended is none: a restart must not fail because of it', () => {
    const until = daysFromAt(-1).toISOString();
    accept({ issuers: [{ keySha256: issuingKey(), exception: { until, reason: 'x' } }] });
  });
});

describe('the default policy', () => {
  it('is that of a document that says nothing', () => {
    const { ocsp, ...others } = accept({}).others;
    const { ocsp: defaultOcsp, ...rest } = DEFAULT_POLICY;
    expect(others).to.deep.include(rest);
    expect(ocsp).to.deep.include(defaultOcsp);
  });
});
