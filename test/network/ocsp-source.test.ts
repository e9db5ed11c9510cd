import { expect } from 'chai';
import { authorityInformationAccess } from '../../src/demo/certificate-extensions.ts';
import { ServiceError } from '../../src/errors.ts';
import { gatherEvidence } from '../../src/network/gather-evidence.ts';
import type { Fetched, FetchRequest, GuardedFetch } from '../../src/network/guarded-fetch.ts';
import type { OcspAnswer, OcspAnswerStore } from '../../src/network/ocsp-answers.ts';
import { OcspSource } from '../../src/network/ocsp-source.ts';
import { decideRevocation, readEvidence } from '../../src/pki/revocation.ts';
import type { OcspPolicy } from '../../src/pki/revocation-policy.ts';
import { AT, createTestAuthority, daysFromAt, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { issueTestOcspResponse, type OcspChanges } from '../support/ocsp.ts';
import { inBrief, type PolicyChanges, pathOf, policiesFor } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const otherPath = pathOf(issueTestCard(issuing), authority);
const ADDRESS = 'http://ocsp.thiqa.example/';
const secondsFromAt = (seconds: number): Date => new Date(AT.getTime() + seconds * 1000);

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

const rootOnly = readEvidence({ crls: [issueTestCrl(root)] });

interface Opened {
  readonly status: (at?: Date) => Promise<string>;
  readonly source: OcspSource;
  readonly evidence: (itsPath?: typeof path) => ReturnType<typeof gatherEvidence>;
}

/** A source, and a policy that asks the responder first. Its clock stands at AT, and goes on with the sign-ins. */
function open(
  fetch: GuardedFetch | undefined,
  changes: PolicyChanges = {},
  lists = rootOnly,
  answers?: OcspAnswerStore,
): Opened {
  let now = AT;
  const source = new OcspSource({ allowedHosts: [], privateHosts: [], clock: () => now, fetch, answers });
  const ocsp: Partial<OcspPolicy> = { responder: ADDRESS, ...changes.ocsp };
  const policies = policiesFor(issuing, { methods: ['ocsp', 'crl'], ...changes, ocsp });
  const sources = { policies, crls: [{ evidenceFor: async () => lists }], ocsp: source };
  return {
    source,
    evidence: (itsPath = path) => gatherEvidence(itsPath, AT, sources),
    status: async (at = AT) => {
      now = at;
      return inBrief(decideRevocation(path, await gatherEvidence(path, at, sources), { at, policies }));
    },
  };
}

/** What processes share, and a test may alter. */
function sharedAnswers(change: (answer: OcspAnswer) => OcspAnswer = (answer) => answer) {
  const kept = new Map<string, OcspAnswer>();
  const store: OcspAnswerStore = {
    async find(key, at) {
      const answer = kept.get(key);
      return answer !== undefined && answer.expiresAt > at ? change(answer) : undefined;
    },
    async put(answer) {
      kept.set(answer.key, answer);
    },
  };
  return { kept, store };
}

describe('an OCSP answer that is too old', () => {
  const exception = { until: daysFromAt(1), reason: 'The CA has announced a failure.' };
  const OLD = { thisUpdate: daysFromAt(-3), nextUpdate: daysFromAt(-1) };

  /** The status with an exception in force. */
  async function statusBy(changes: OcspChanges) {
    const evidence = await open(respond(changes).fetch, { methods: ['ocsp'] }).evidence();
    return decideRevocation(path, evidence, {
      at: AT,
      policies: policiesFor(issuing, { methods: ['ocsp'], exception }),
    });
  }

  it('makes nobody good, and lets nobody in by an exception whom it says is revoked', async () => {
    expect(await statusBy({ ...OLD, status: 'good' })).to.include({ code: 'OCSP_STALE', exception: true });
    const revoked = await statusBy({ ...OLD, status: 'revoked' });
    expect(revoked).to.include({ status: 'unknown', code: 'OCSP_STALE' });
    expect(revoked).to.not.have.property('exception');
  });

  it('lets nobody in by an exception whom it says is revoked, with another nonce too', async () => {
    const nonce = Buffer.alloc(32);
    expect(await statusBy({ nonce, status: 'good' })).to.include({ code: 'OCSP_NONCE_MISMATCH', exception: true });
    for (const times of [OLD, {}]) {
      const revoked = await statusBy({ ...times, nonce, status: 'revoked' });
      expect(revoked.status).to.not.equal('good');
      expect(revoked).to.not.have.property('exception');
    }
  });

  it('does not take the place of a newer one', async () => {
    const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: daysFromAt(7) });
    const { status } = open(fetch, { ocsp: { keepSeconds: 60 } });
    expect(await status()).to.equal('good');
    responder.changes = { ...OLD, status: 'revoked' };
    expect(await status(secondsFromAt(61))).to.equal('good');
    expect(responder.requests).to.have.length(2);
  });
});

describe('OCSP answers that processes share', () => {
  const answerOf = issueTestOcspResponse;
  const LONG = { thisUpdate: AT, nextUpdate: daysFromAt(7) };
  const unreachable = new ServiceError('FETCH_FAILED', 'down');

  for (const nonce of [true, false]) {
    it(`${nonce ? 'with' : 'without'} a nonce are asked for once by all of them`, async () => {
      const { store, kept } = sharedAnswers();
      const { responder, fetch } = respond(LONG);
      const policy = { ocsp: { nonce } };
      expect(await open(fetch, policy, rootOnly, store).status()).to.equal('good');
      expect(await open(fetch, policy, rootOnly, store).status()).to.equal('good');
      expect(responder.requests).to.have.length(1);
      expect([...kept.values()].map((answer) => [answer.nonce !== undefined, answer.expiresAt])).to.deep.equal([
        [nonce, LONG.nextUpdate],
      ]);
    });
  }

  it('say of a revoked card what they said to the first', async () => {
    const { store } = sharedAnswers();
    const { responder, fetch } = respond({ ...LONG, status: 'revoked' });
    for (const turn of [1, 2]) {
      expect(await open(fetch, {}, rootOnly, store).status(), `${turn}`).to.equal('revoked unspecified');
    }
    expect(responder.requests).to.have.length(1);
  });

  it('are asked for again by a process that starts, or has other policies, after they were received', async () => {
    const { store } = sharedAnswers((answer) => ({ ...answer, receivedAt: secondsFromAt(-1) }));
    const { responder, fetch } = respond(LONG);
    await open(fetch, {}, rootOnly, store).status();
    await open(fetch, {}, rootOnly, store).status();
    expect(responder.requests).to.have.length(2);

    const shared = sharedAnswers();
    const { status, source } = open(fetch, {}, rootOnly, shared.store);
    await status();
    await status(secondsFromAt(1));
    expect(responder.requests).to.have.length(3);
    source.forget();
    await status(secondsFromAt(1));
    expect(responder.requests).to.have.length(4);
  });

  it('count for no process whose clock says that they are still to come', async () => {
    const { store } = sharedAnswers((answer) => ({ ...answer, receivedAt: secondsFromAt(1) }));
    const { responder, fetch } = respond(LONG);
    await open(fetch, {}, rootOnly, store).status();
    const { status } = open(fetch, {}, rootOnly, store);
    expect(await status()).to.equal('good');
    expect(responder.requests).to.have.length(2);
    await open(fetch, {}, rootOnly, store).status(secondsFromAt(1));
    expect(responder.requests).to.have.length(2);
  });

  it('are for the one who asked when the responder does not know the certificate', async () => {
    const { store, kept } = sharedAnswers();
    const { fetch } = respond({ ...LONG, status: 'unknown' });
    expect(await open(fetch, {}, rootOnly, store).status()).to.equal('REVOCATION_UNKNOWN');
    expect(kept.size).to.equal(0);
  });

  it('are asked for again by each after the time that the policy sets, from when the first got it', async () => {
    const { store } = sharedAnswers();
    const { responder, fetch } = respond(LONG);
    const policy = { ocsp: { keepSeconds: 60 } };
    await open(fetch, policy, rootOnly, store).status();
    const late = open(fetch, policy, rootOnly, store);
    expect(await late.status(secondsFromAt(59))).to.equal('good');
    expect(responder.requests).to.have.length(1);
    await late.status(secondsFromAt(60));
    expect(responder.requests).to.have.length(2);
  });

  it('count while the responder is silent, no longer than they are current', async () => {
    const { store } = sharedAnswers();
    const { responder, fetch } = respond(LONG);
    const policy = { ocsp: { keepSeconds: 60 } };
    await open(fetch, policy, rootOnly, store).status();
    responder.changes = unreachable;
    expect(await open(fetch, policy, rootOnly, store).status(secondsFromAt(60))).to.equal('good');
    expect(await open(fetch, policy, rootOnly, store).status(daysFromAt(8))).to.equal('REVOCATION_UNAVAILABLE');
  });

  const nonceOf = ({ nonce }: OcspAnswer): OcspChanges => (nonce === undefined ? {} : { nonce });
  const stranger = createTestAuthority();
  const alterations: Record<string, (answer: OcspAnswer) => OcspAnswer> = {
    'signed by a stranger': (answer) => ({
      ...answer,
      response: answerOf(stranger.issuing, card.serialNumber, { ...LONG, ...nonceOf(answer) }),
    }),
    'of another card': (answer) => ({
      ...answer,
      response: answerOf(issuing, issueTestCard(issuing).serialNumber, { ...LONG, ...nonceOf(answer) }),
    }),
    'with another nonce than it was asked with': (answer) => ({ ...answer, nonce: new Uint8Array(32) }),
    'past its nextUpdate': (answer) => ({
      ...answer,
      response: answerOf(issuing, card.serialNumber, {
        thisUpdate: daysFromAt(-2),
        nextUpdate: daysFromAt(-1),
        ...nonceOf(answer),
      }),
    }),
    'that is no OCSP response': (answer) => ({ ...answer, response: Uint8Array.of(0x30, 0) }),
  };
  it('are believed when the test alters nothing but its copy', async () => {
    const { store } = sharedAnswers((answer) => ({
      ...answer,
      response: answerOf(issuing, card.serialNumber, { ...LONG, ...nonceOf(answer) }),
    }));
    const { responder, fetch } = respond(LONG);
    await open(fetch, {}, rootOnly, store).status();
    responder.changes = unreachable;
    expect(await open(fetch, {}, rootOnly, store).status()).to.equal('good');
  });
  for (const [what, alter] of Object.entries(alterations)) {
    it(`are not believed when one is there ${what}`, async () => {
      const { store } = sharedAnswers(alter);
      const { responder, fetch } = respond(LONG);
      await open(fetch, {}, rootOnly, store).status();
      responder.changes = unreachable;
      expect(await open(fetch, {}, rootOnly, store).status()).to.equal('REVOCATION_UNAVAILABLE');
      responder.changes = LONG;
      expect(await open(fetch, {}, rootOnly, store).status()).to.equal('good');
      expect(responder.requests).to.have.length(3);
    });
  }

  for (const [when, producedAt, status] of [
    ['earlier', AT, 'revoked unspecified'],
    ['later', secondsFromAt(2), 'good'],
  ] as const) {
    it(`take the place of what this process knows when they were produced later: ${when}`, async () => {
      const { store, kept } = sharedAnswers();
      const { responder, fetch } = respond({ ...LONG, producedAt: secondsFromAt(1), status: 'revoked' });
      const policy = { ocsp: { keepSeconds: 30, nonce: false } };
      const its = open(fetch, policy, rootOnly, store);
      expect(await its.status()).to.equal('revoked unspecified');
      for (const [key, answer] of kept) {
        const response = answerOf(issuing, card.serialNumber, { ...LONG, producedAt });
        kept.set(key, { ...answer, response, receivedAt: secondsFromAt(35) });
      }
      responder.changes = unreachable;
      expect(await its.status(secondsFromAt(40))).to.equal(status);
    });
  }

  it('may be out of reach: each process then asks by itself', async () => {
    const lost = () => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'gone'));
    const { fetch } = respond(LONG);
    expect(await open(fetch, {}, rootOnly, { find: lost, put: lost }).status()).to.equal('good');
  });
});

describe('OCSP answers', () => {
  it('are asked for and accepted with the nonce of the request', async () => {
    const { responder, fetch } = respond();
    expect(await open(fetch).status()).to.equal('good');
    expect(responder.requests).to.deep.equal([ADDRESS]);
  });
  it('are kept until nextUpdate, and asked for again after it', async () => {
    const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: new Date(AT.getTime() + 60_000) });
    const { status } = open(fetch);
    await status();
    expect(await status(new Date(AT.getTime() + 59_000))).to.equal('good');
    expect(responder.requests).to.have.length(1);
    await status(new Date(AT.getTime() + 60_000));
    expect(responder.requests).to.have.length(2);
  });
  it('are kept for the maximum age at most', async () => {
    const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: daysFromAt(7) });
    const { status } = open(fetch, { maxAgeSeconds: 60 });
    await status();
    await status(new Date(AT.getTime() + 59_000));
    expect(responder.requests).to.have.length(1);
    await status(new Date(AT.getTime() + 60_000));
    expect(responder.requests).to.have.length(2);
  });
  it('are asked for once by parallel sign-ins with one card', async () => {
    const { responder, fetch } = respond();
    responder.holds = true;
    const { status } = open(fetch);
    const statuses = [status(), status(), status()];
    await Promise.resolve();
    responder.release();
    expect(await Promise.all(statuses)).to.deep.equal(['good', 'good', 'good']);
    expect(responder.requests).to.have.length(1);
  });
  it('are not kept when the responder does not know the certificate', async () => {
    const { responder, fetch } = respond({ status: 'unknown' });
    const { status } = open(fetch);
    expect(await status()).to.equal('REVOCATION_UNKNOWN');
    responder.changes = {};
    expect(await status()).to.equal('good');
  });
  it('are asked for again after the time that the policy sets, and counted on while nobody answers', async () => {
    const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: daysFromAt(7) });
    const { status } = open(fetch, { ocsp: { keepSeconds: 60 } });
    await status();
    await status(new Date(AT.getTime() + 59_000));
    expect(responder.requests).to.have.length(1);
    responder.changes = new ServiceError('FETCH_FAILED', 'down');
    expect(await status(new Date(AT.getTime() + 60_000))).to.equal('good');
    expect(responder.requests).to.have.length(2);
    expect(await status(daysFromAt(8))).to.equal('OCSP_STALE');
    responder.changes = { status: 'revoked' };
    expect(await status(new Date(AT.getTime() + 60_000))).to.equal('revoked unspecified');
  });
  it('without nextUpdate need a maximum age', async () => {
    const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: null });
    expect(await open(fetch).status()).to.equal('OCSP_STALE');
    const { status } = open(fetch, { maxAgeSeconds: 60 });
    expect(await status()).to.equal('good');
    expect(await status(new Date(AT.getTime() + 59_000))).to.equal('good');
    expect(responder.requests).to.have.length(2);
  });
  it('are forgotten when the policies change', async () => {
    const { responder, fetch } = respond();
    const { status, source } = open(fetch);
    await status();
    source.forget();
    await status();
    expect(responder.requests).to.have.length(2);
  });
  it('may be absent: then the CRLs decide', async () => {
    const { fetch } = respond(new ServiceError('FETCH_TIMEOUT', 'slow'));
    expect(await open(fetch).status()).to.equal('REVOCATION_UNAVAILABLE');
    const both = readEvidence({ crls: [issueTestCrl(root), issueTestCrl(issuing)] });
    expect(await open(fetch, {}, both).status()).to.equal('good');
  });
  it('come without a nonce only from a responder that is configured so', async () => {
    const { fetch } = respond({ nonce: Buffer.alloc(32) });
    expect(await open(fetch).status()).to.equal('OCSP_NONCE_MISMATCH');
    expect(await open(fetch, { ocsp: { nonce: false } }).status()).to.equal('good');
  });
  it('are asked for where the certificate says, when no responder is configured', async () => {
    const { responder, fetch } = respond();
    const itsCard = issueTestCard(issuing, {
      extensions: {
        authorityInformationAccess: authorityInformationAccess({ ocsp: ['http://named.thiqa.example/4242'] }),
      },
    });
    const { evidence, source } = open(fetch, { ocsp: { responder: undefined } });
    await evidence(pathOf(itsCard, authority));
    await evidence();
    expect(responder.requests).to.deep.equal(['http://named.thiqa.example/4242']);
    // The rest of an address that stands in a certificate may be the certificate's alone.
    expect(source.states.map(({ source: name }) => name)).to.deep.equal(['http://named.thiqa.example']);
  });
  it('are not asked for at a host that the configuration does not allow', async () => {
    const { failures } = await open(undefined, { ocsp: { responder: 'http://127.0.0.1:9/' } }).evidence();
    expect(failures).to.deep.equal([{ source: 'http://127.0.0.1:9/', code: 'REVOCATION_UNAVAILABLE' }]);
  });
  describe('from a responder that gives none', () => {
    const silent = new ServiceError('FETCH_TIMEOUT', 'silent');

    it('are waited for once: then it is left alone for a pause', async () => {
      const { responder, fetch } = respond(silent);
      const { status, evidence } = open(fetch);
      expect(await status()).to.equal('REVOCATION_UNAVAILABLE');
      expect(await status(secondsFromAt(4.999))).to.equal('REVOCATION_UNAVAILABLE');
      expect((await evidence(otherPath)).failures).to.deep.equal([{ source: ADDRESS, code: 'REVOCATION_UNAVAILABLE' }]);
      expect(responder.requests).to.have.length(1);
      responder.changes = {};
      expect(await status(secondsFromAt(5))).to.equal('good');
    });

    it('are asked for by one question when the pause ends; who has the same card waits for it, nobody else', async () => {
      const { responder, fetch } = respond(silent);
      const { status, evidence } = open(fetch);
      await status();
      responder.changes = {};
      responder.holds = true;
      const probes = [status(secondsFromAt(5)), status(secondsFromAt(5))];
      expect((await evidence(otherPath)).failures).to.deep.equal([{ source: ADDRESS, code: 'REVOCATION_UNAVAILABLE' }]);
      responder.release();
      expect(await Promise.all(probes)).to.deep.equal(['good', 'good']);
      expect(responder.requests).to.have.length(2);
    });

    it('count on while they are kept, without a wait', async () => {
      const { responder, fetch } = respond({ thisUpdate: AT, nextUpdate: daysFromAt(7) });
      const { status } = open(fetch, { ocsp: { keepSeconds: 60 } });
      await status();
      responder.changes = silent;
      expect(await status(secondsFromAt(60))).to.equal('good');
      expect(await status(secondsFromAt(61))).to.equal('good');
      expect(responder.requests).to.have.length(2);
    });

    it('are asked for at once after a change of the configuration', async () => {
      const { responder, fetch } = respond(silent);
      const { status, source } = open(fetch);
      await status();
      responder.changes = {};
      source.adapt({ allowedHosts: [], privateHosts: [] });
      expect(await status()).to.equal('good');
    });
  });

  it('that are errors keep nobody else out: they may concern one certificate alone', async () => {
    const { responder, fetch } = respond({ responseStatus: 6 });
    const { status } = open(fetch);
    expect(await status()).to.equal('OCSP_NOT_SUCCESSFUL');
    responder.changes = {};
    expect(await status()).to.equal('good');
  });

  it('tell health of the responder why it last gave none', async () => {
    const { responder, fetch } = respond({ responseStatus: 3 });
    const { status, source } = open(fetch);
    await status();
    expect(source.states).to.deep.equal([{ source: ADDRESS, isAskedOnDemand: true, failure: 'OCSP_NOT_SUCCESSFUL' }]);
    responder.changes = {};
    await status();
    expect(source.states).to.deep.equal([{ source: ADDRESS, isAskedOnDemand: true }]);
  });
});
