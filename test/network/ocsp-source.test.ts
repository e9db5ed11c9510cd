import { expect } from 'chai';
import { authorityInformationAccess } from '../../src/demo/certificate-extensions.ts';
import { ServiceError } from '../../src/errors.ts';
import type { Fetched, FetchRequest } from '../../src/network/guarded-fetch.ts';
import { createOcspSource, type OcspSourceOptions } from '../../src/network/ocsp-source.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { decideRevocation, NO_EVIDENCE, readEvidence } from '../../src/pki/revocation.ts';
import { AT, createTestAuthority, daysFromAt, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { issueTestOcspResponse, type OcspChanges } from '../support/ocsp.ts';
import { inBrief, pathOf } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const ADDRESS = 'http://ocsp.thiqa.example/';

/** A responder that answers with what the test says, and with the nonce of the request. */
function respond(changes: OcspChanges | ServiceError = {}) {
  const responder = {
    changes: changes as OcspChanges | ServiceError,
    requests: [] as string[],
    holds: false,
    release: (): void => undefined,
  };
  const fetch = async (address: string, request: FetchRequest = {}): Promise<Fetched> => {
    responder.requests.push(address);
    if (responder.holds) await new Promise<void>((resolve) => (responder.release = resolve));
    if (responder.changes instanceof ServiceError) throw responder.changes;
    const asked = Buffer.from(request.body ?? []);
    const prefix = asked.indexOf(Buffer.from('04220420', 'hex'));
    const nonce = prefix < 0 ? {} : { nonce: asked.subarray(prefix + 4, prefix + 36) };
    const body = issueTestOcspResponse(issuing, card.serialNumber, { ...nonce, ...responder.changes });
    return { status: 200, headers: {}, body };
  };
  return { responder, fetch };
}

const rootOnly = { evidenceFor: async () => readEvidence({ crls: [issueTestCrl(root)] }) };

function open(fetch: OcspSourceOptions['fetch'], changes: Partial<OcspSourceOptions> = {}) {
  const source = createOcspSource({
    crls: rootOnly,
    responder: ADDRESS,
    allowedHosts: [],
    privateHosts: [],
    clock: () => AT,
    fetch,
    ...changes,
  });
  return async (at = AT): Promise<string> =>
    inBrief(decideRevocation(path, await source.evidenceFor(path, at), { at }));
}

describe('OCSP answers', () => {
  it('are asked for and accepted with the nonce of the request', async () => {
    const { responder, fetch } = respond();
    expect(await open(fetch)()).to.equal('good');
    expect(responder.requests).to.deep.equal([ADDRESS]);
  });
  it('are kept until nextUpdate, and asked for again after it', async () => {
    const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: new Date(AT.getTime() + 60_000) });
    const status = open(fetch);
    await status();
    expect(await status(new Date(AT.getTime() + 59_000))).to.equal('good');
    expect(responder.requests).to.have.length(1);
    await status(new Date(AT.getTime() + 60_000));
    expect(responder.requests).to.have.length(2);
  });
  it('are kept for the maximum age at most', async () => {
    const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: daysFromAt(7) });
    const status = open(fetch, { maxAgeSeconds: 60 });
    await status();
    await status(new Date(AT.getTime() + 59_000));
    expect(responder.requests).to.have.length(1);
    await status(new Date(AT.getTime() + 60_000));
    expect(responder.requests).to.have.length(2);
  });
  it('are asked for once by parallel sign-ins with one card', async () => {
    const { responder, fetch } = respond();
    responder.holds = true;
    const status = open(fetch);
    const statuses = [status(), status(), status()];
    await Promise.resolve();
    responder.release();
    expect(await Promise.all(statuses)).to.deep.equal(['good', 'good', 'good']);
    expect(responder.requests).to.have.length(1);
  });
  it('are not kept when the responder does not know the certificate', async () => {
    const { responder, fetch } = respond({ status: 'unknown' });
    const status = open(fetch);
    expect(await status()).to.equal('REVOCATION_UNKNOWN');
    responder.changes = {};
    expect(await status()).to.equal('good');
  });
  it('may be absent: then the CRLs decide', async () => {
    const { fetch } = respond(new ServiceError('FETCH_TIMEOUT', 'slow'));
    expect(await open(fetch)()).to.equal('REVOCATION_UNAVAILABLE');
    const crls = { evidenceFor: async () => readEvidence({ crls: [issueTestCrl(root), issueTestCrl(issuing)] }) };
    expect(await open(fetch, { crls })()).to.equal('good');
  });
  it('come without a nonce only from a responder that is configured so', async () => {
    const { fetch } = respond({ nonce: Buffer.alloc(32) });
    expect(await open(fetch)()).to.equal('OCSP_NONCE_MISMATCH');
    expect(await open(fetch, { nonce: false })()).to.equal('good');
  });
  it('are asked for where the certificate says, when no responder is configured', async () => {
    const { responder, fetch } = respond();
    const itsCard = issueTestCard(issuing, {
      extensions: {
        authorityInformationAccess: authorityInformationAccess({ ocsp: ['http://named.thiqa.example/'] }),
      },
    });
    const source = createOcspSource({
      crls: { evidenceFor: async () => NO_EVIDENCE },
      allowedHosts: [],
      privateHosts: [],
      clock: () => AT,
      fetch,
    });
    const named = pathOf(itsCard, authority);
    expect(parseCertificate(itsCard.certificate).authorityInfoAccess).to.have.length(1);
    await source.evidenceFor(named, AT);
    await source.evidenceFor(path, AT);
    expect(responder.requests).to.deep.equal(['http://named.thiqa.example/']);
  });
  it('are not asked for at a host that the configuration does not allow', async () => {
    const source = createOcspSource({
      crls: rootOnly,
      responder: 'http://127.0.0.1:9/',
      allowedHosts: [],
      privateHosts: [],
      clock: () => AT,
    });
    const { failures } = await source.evidenceFor(path, AT);
    expect(failures).to.deep.equal([{ source: 'http://127.0.0.1:9/', code: 'REVOCATION_UNAVAILABLE' }]);
  });
});
