import { expect } from 'chai';
import { DocumentRevocation } from '../../src/network/document-revocation.ts';
import type { Fetched, FetchRequest } from '../../src/network/guarded-fetch.ts';
import { decideRevocation, readEvidence } from '../../src/pki/revocation.ts';
import type { RevocationPolicies } from '../../src/pki/revocation-policy.ts';
import { AT, createTestAuthority, daysFromAt, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { issueTestOcspResponse } from '../support/ocsp.ts';
import { anchorOf, parse } from '../support/path.ts';
import { inBrief, type PolicyChanges, pathOf, policiesFor } from '../support/revocation.ts';

/** Two CAs of one document, each with a responder of its own. */
const authorities = [createTestAuthority(), createTestAuthority()] as const;
const cards = authorities.map(({ issuing }) => issueTestCard(issuing));
const [slow, quick] = authorities.map((authority, index) => pathOf(cards[index] ?? never(), authority));
const ROOTS = authorities.map(({ root }) => issueTestCrl(root));
const address = (index: number): string => `http://ocsp-${index}.thiqa.example/`;

function policies(changes: PolicyChanges = {}): RevocationPolicies {
  const each = authorities.map(({ issuing }, index) =>
    policiesFor(issuing, { methods: ['ocsp'], ...changes, ocsp: { responder: address(index), nonce: false } }),
  );
  const byIssuerKey = new Map(each.flatMap((one) => [...one.byIssuerKey]));
  return { others: each[0]?.others ?? never(), byIssuerKey };
}

function open(changes: PolicyChanges = {}) {
  const requests: string[] = [];
  const subject = {
    crls: [],
    revocationPolicies: policies(changes),
    anchors: authorities.map(({ root }) => anchorOf(root)),
    intermediates: authorities.map(({ issuing }) => parse(issuing)),
    allowedHosts: [],
    privateHosts: [],
  };
  let aborted = 0;
  const source = new DocumentRevocation(subject, {
    clock: () => AT,
    fetch: (place: string, { signal }: FetchRequest = {}) => {
      requests.push(place);
      signal?.addEventListener('abort', () => aborted++);
      if (place === address(0)) return new Promise<Fetched>(() => undefined);
      const [, { issuing }] = authorities;
      const body = issueTestOcspResponse(issuing, cards[1]?.serialNumber ?? never());
      return Promise.resolve({ status: 200, headers: {}, body });
    },
  });
  const status = async (path = quick ?? never()): Promise<string> => {
    const evidence = await source.evidenceFor(path, AT);
    const crls = [...evidence.crls, ...readEvidence({ crls: ROOTS }).crls];
    return inBrief(decideRevocation(path, { ...evidence, crls }, { at: AT, policies: subject.revocationPolicies }));
  };
  return { source, subject, requests, status, aborted: () => aborted };
}

describe('the revocation sources of one document', () => {
  it('a CA whose responder is slow delays no card of another', async () => {
    const { status, requests, source, aborted } = open();
    void status(slow);
    expect(await status()).to.equal('good');
    expect(requests).to.have.members([address(0), address(1)]);
    source.close();
    expect(aborted()).to.equal(2);
  });

  it('keep an answer when trust changes, and ask again when the policies do', async () => {
    const { status, requests, source, subject } = open();
    await status();
    source.adapt({ ...subject, intermediates: [...subject.intermediates] });
    await status();
    expect(requests).to.have.length(1);
    source.adapt({ ...subject, revocationPolicies: policies() });
    await status();
    expect(requests).to.have.length(2);
  });

  it('tell of each exception by the key of its CA', () => {
    const exception = { until: daysFromAt(1), reason: 'x' };
    const keys = authorities.map(({ issuing }) => parse(issuing).publicKey.keySha256);
    expect(open().source.exceptions).to.deep.equal([]);
    expect(open({ exception }).source.exceptions).to.deep.equal(
      keys.map((subject) => ({ subject, until: exception.until })),
    );
  });
});

function never(): never {
  throw new Error('the test has this');
}
