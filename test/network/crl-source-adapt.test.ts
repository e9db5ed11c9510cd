/**
 * The CRLs of a document whose trust changes while the service runs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CrlSource, type CrlSubject, createCrlSource } from '../../src/network/crl-source.ts';
import type { Fetched } from '../../src/network/guarded-fetch.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { decideRevocation } from '../../src/pki/revocation.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';
import { AT, createTestAuthority, issueTestCard, issueTestCrl, type TestAuthority } from '../support/authority.ts';
import { inBrief, pathOf } from '../support/revocation.ts';

const first = createTestAuthority();
const second = createTestAuthority();
const ADDRESS = 'http://crl.example.ma/second.crl';

describe('the CRLs of a document whose trust changes', () => {
  let folder: string;
  let requests: string[];
  let source: CrlSource | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thiqa-crl-'));
    requests = [];
    for (const [name, { root, issuing }] of Object.entries({ first, second })) {
      await writeFile(join(folder, `${name}-root.crl`), issueTestCrl(root));
      await writeFile(join(folder, `${name}.crl`), issueTestCrl(issuing));
    }
  });
  afterEach(async () => {
    source?.close();
    await rm(folder, { recursive: true });
  });

  const files = (...names: readonly string[]): string[] => names.map((name) => join(folder, `${name}.crl`));
  const subject = (authorities: readonly TestAuthority[], locations: readonly string[]): CrlSubject => ({
    locations,
    anchors: authorities.map(({ root }) => createTrustAnchor(parseCertificate(root.certificate))),
    intermediates: authorities.map(({ issuing }) => parseCertificate(issuing.certificate)),
    allowedHosts: [],
    privateHosts: [],
  });
  const open = (opened: CrlSubject): CrlSource => {
    source = createCrlSource({
      ...opened,
      clock: () => AT,
      schedule: () => () => undefined,
      fetch: async (address): Promise<Fetched> => {
        requests.push(address);
        return { status: 200, headers: {}, body: issueTestCrl(second.issuing) };
      },
    });
    return source;
  };
  const status = async (of: TestAuthority): Promise<string> => {
    const path = pathOf(issueTestCard(of.issuing), of);
    return inBrief(decideRevocation(path, await (source as CrlSource).evidenceFor(path, AT), { at: AT }));
  };

  it('a CRL in a file that nobody trusted is read again once its CA is trusted, though it did not change', async () => {
    const locations = files('first-root', 'first', 'second-root', 'second');
    const opened = open(subject([first], locations));
    expect(await status(first)).to.equal('good');
    expect(opened.states[3]).to.include({ failure: 'CRL_SIGNATURE_INVALID' });
    opened.adapt(subject([first, second], locations));
    expect(await status(second)).to.equal('good');
    expect(opened.states.map(({ failure }) => failure)).to.deep.equal([undefined, undefined, undefined, undefined]);
  });

  it('one at an address is fetched again then, and a sign-in waits for it', async () => {
    const locations = [...files('second-root'), ADDRESS];
    const opened = open(subject([first], locations));
    await opened.refresh();
    const before = requests.length;
    opened.adapt(subject([second], locations));
    expect(await status(second)).to.equal('good');
    expect(requests).to.have.lengthOf(before + 1);
  });

  it('one that is held is neither dropped nor fetched again by any change', async () => {
    const locations = [...files('second-root'), ADDRESS];
    const opened = open(subject([second], locations));
    expect(await status(second)).to.equal('good');
    opened.adapt(subject([first, second], [...locations, ...files('first')]));
    opened.adapt(subject([second], locations));
    expect(await status(second)).to.equal('good');
    expect(requests).to.deep.equal([ADDRESS]);
  });

  it('one that is held says nothing of cards whose CA is trusted no longer', async () => {
    const locations = files('first-root', 'first');
    const opened = open(subject([first], locations));
    expect(await status(first)).to.equal('good');
    opened.adapt(subject([second], locations));
    expect((await opened.evidenceFor(pathOf(issueTestCard(first.issuing), first), AT)).certificates).to.have.lengthOf(
      2,
    );
    expect(await status(second)).to.match(/^(CRL|REVOCATION)_/);
  });

  it('a location that is gone from the configuration is asked no more', async () => {
    const opened = open(subject([second], [...files('second-root'), ADDRESS]));
    expect(await status(second)).to.equal('good');
    opened.adapt(subject([second], files('second-root')));
    await opened.refresh();
    expect(opened.states.map(({ source: place }) => place)).to.deep.equal(files('second-root'));
    expect(requests).to.deep.equal([ADDRESS]);
  });
});
