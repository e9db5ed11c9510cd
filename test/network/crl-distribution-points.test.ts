import { expect } from 'chai';
import { crlDistributionPoints } from '../../src/demo/certificate-extensions.ts';
import { ServiceError } from '../../src/errors.ts';
import { DocumentRevocation } from '../../src/network/document-revocation.ts';
import type { Fetched } from '../../src/network/guarded-fetch.ts';
import { decideRevocation, readEvidence } from '../../src/pki/revocation.ts';
import {
  AT,
  type CrlChanges,
  createTestAuthority,
  daysFromAt,
  issueTestCard,
  issueTestCrl,
} from '../support/authority.ts';
import { anchorOf, parse } from '../support/path.ts';
import { inBrief, pathOf, policiesFor } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const ADDRESS = 'http://crl.thiqa.example/issuing.crl';
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const listed = [{ serialNumber: card.serialNumber }];
const later = (seconds: number): Date => new Date(AT.getTime() + seconds * 1000);
/** The CA's own status is another matter. */
const ROOT = readEvidence({ crls: [issueTestCrl(root)] });
const down = new ServiceError('FETCH_FAILED', 'down');

type Answer = Buffer | ServiceError | Promise<Fetched>;

/** A document whose cards name where their CRL is. */
function open(answer: Answer, { fromCertificate = true, allowedHosts = ['crl.thiqa.example'] } = {}) {
  const server = { answer, requests: [] as string[] };
  let now = AT;
  const policies = policiesFor(issuing, { crlFromCertificate: fromCertificate });
  const anchors = [anchorOf(root)];
  const subject = {
    crls: [],
    revocationPolicies: policies,
    anchors,
    intermediates: [],
    allowedHosts,
    privateHosts: [],
  };
  const source = new DocumentRevocation(subject, {
    clock: () => now,
    fetch: async (address) => {
      server.requests.push(address);
      if (Buffer.isBuffer(server.answer)) return { status: 200, headers: {}, body: server.answer };
      if (server.answer instanceof ServiceError) throw server.answer;
      return server.answer;
    },
  });
  source.adapt({ ...subject, intermediates: [parse(issuing)] });
  return {
    server,
    source,
    subject,
    async status(at = AT, itsPath = path): Promise<string> {
      now = at;
      const evidence = await source.evidenceFor(itsPath, at);
      const whole = { ...evidence, crls: [...evidence.crls, ...ROOT.crls] };
      return inBrief(decideRevocation(itsPath, whole, { at, policies }));
    },
  };
}
const crl = (changes: CrlChanges = {}): Buffer => issueTestCrl(issuing, changes);

describe('RFC 5280 4.2.1.13: the distribution points of a validated path', () => {
  it('are asked where the policy says so, and nowhere else', async () => {
    const asked = open(crl());
    expect(await asked.status()).to.equal('good');
    expect(asked.server.requests).to.deep.equal([ADDRESS]);
    const notAsked = open(crl(), { fromCertificate: false });
    expect(await notAsked.status()).to.equal('REVOCATION_UNKNOWN');
    expect(notAsked.server.requests).to.deep.equal([]);
  });

  it('are not asked at a host that is not allowed', async () => {
    const { status, server } = open(crl(), { allowedHosts: ['other.thiqa.example'] });
    expect(await status()).to.equal('REVOCATION_UNAVAILABLE');
    expect(server.requests).to.deep.equal([]);
  });

  it('are asked again within the refresh interval: a card revoked meanwhile is refused', async () => {
    const { status, server } = open(crl());
    expect(await status()).to.equal('good');
    expect(await status(later(149))).to.equal('good');
    expect(server.requests).to.have.length(1);
    server.answer = crl({ number: 2, revoked: listed });
    expect(await status(later(300))).to.equal('revoked unspecified');
    expect(server.requests).to.have.length(2);
  });

  it('are counted on while they are down, until the CRL ends', async () => {
    const { status, server } = open(crl({ nextUpdate: later(1000) }));
    await status();
    server.answer = down;
    expect(await status(later(400))).to.equal('good');
    expect(await status(later(1001))).to.equal('REVOCATION_STALE');
    server.answer = crl({ number: 2 });
    expect(await status(later(1200))).to.equal('good');
  });

  it('that fail are left alone for a moment, and asked again', async () => {
    const { status, server } = open(down);
    expect(await status()).to.equal('REVOCATION_UNAVAILABLE');
    expect(await status(later(1))).to.equal('REVOCATION_UNAVAILABLE');
    expect(server.requests).to.have.length(1);
    server.answer = crl();
    expect(await status(later(10))).to.equal('good');
  });

  it('are asked once by parallel sign-ins', async () => {
    const { status, server } = open(crl());
    expect(await Promise.all([status(), status(), status()])).to.deep.equal(['good', 'good', 'good']);
    expect(server.requests).to.have.length(1);
  });

  it('that are slow delay no card of another place', async () => {
    const { status, server } = open(crl());
    await status();
    const elsewhere = crlDistributionPoints([{ fullName: [{ uri: 'http://crl.thiqa.example/slow.crl' }] }]);
    const other = pathOf(issueTestCard(issuing, { extensions: { crlDistributionPoints: elsewhere } }), authority);
    server.answer = new Promise(() => undefined);
    void status(AT, other);
    expect(await status(later(1))).to.equal('good');
    expect(server.requests).to.have.length(2);
  });

  it('that nobody trusted is asked again when trust changes', async () => {
    const { status, server, source, subject } = open(issueTestCrl(createTestAuthority().issuing));
    expect(await status()).to.equal('CRL_SIGNATURE_INVALID');
    server.answer = crl();
    source.adapt(subject);
    source.adapt({ ...subject, intermediates: [parse(issuing)] });
    expect(await status(later(1))).to.equal('good');
  });

  it('go on record, and to health, by their host alone', async () => {
    const { source, status } = open(crl());
    await status();
    expect(source.states).to.deep.equal([
      {
        source: 'http://crl.thiqa.example',
        isAskedOnDemand: true,
        entries: 0,
        thisUpdate: daysFromAt(-1),
        nextUpdate: daysFromAt(7),
      },
    ]);
    const evidence = await source.evidenceFor(path, AT);
    expect(evidence.crls.map(({ source: name }) => name)).to.deep.equal(['http://crl.thiqa.example']);
  });

  it('are bounded in number', async () => {
    const { status, source } = open(crl());
    for (let number = 0; number < 70; number++) {
      const points = crlDistributionPoints([{ fullName: [{ uri: `http://crl.thiqa.example/${number}` }] }]);
      await status(AT, pathOf(issueTestCard(issuing, { extensions: { crlDistributionPoints: points } }), authority));
    }
    expect(source.states).to.have.length(64);
  });
});
