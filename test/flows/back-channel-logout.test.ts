/**
 * OpenID Connect Back-Channel Logout 1.0 through the whole service: a citizen signs out, and each portal of the session
 * hears of it, over https, from a queue that outlasts its absence.
 */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import {
  compactDecrypt,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
} from 'jose';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { Citizen } from '../support/citizen.ts';
import { runCommand } from '../support/command.ts';
import { type PortalAnswer, type PortalHost, startPortalHost } from '../support/portal-host.ts';
import { registerRelyingParty, type SignedIn, type TestRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const DONE: PortalAnswer = { status: 204, body: '' };

describe('portals hear that a citizen has signed out', () => {
  let service: TestService;
  let host: PortalHost;
  let portal: TestRelyingParty;
  let citizen: Citizen;
  /** What is waited for may never come. */
  let isRunning = true;
  before(async () => {
    host = await startPortalHost();
    service = await startTestService({ sandbox: { portalHosts: [host.host], portalAuthority: host.authorityFile } });
    host.answers.set('/logout', DONE);
    portal = await portalAt('/logout');
  });
  beforeEach(() => {
    citizen = citizenWith('valid');
  });
  after(async () => {
    isRunning = false;
    await service.dispose();
    await host.close();
  });

  const citizenWith = (card: CardId): Citizen =>
    new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) });
  const portalAt = (path: string, registration = {}): Promise<TestRelyingParty> =>
    registerRelyingParty(service, {
      registration: {
        require_pkce: false,
        backchannel_logout_uri: `https://${host.host}${path}`,
        backchannel_logout_session_required: true,
        ...registration,
      },
    });
  const signOut = async (as: Citizen = citizen, choice = 'sign-out', at: SignedIn | undefined = undefined) => {
    const url = portal.endpoint('end_session');
    if (at !== undefined) url.searchParams.set('id_token_hint', at.idToken);
    await as.press(await as.send('GET', url), choice);
  };
  /** 2.6: what a portal checks. */
  const verified = async (token: string, { clientId }: TestRelyingParty) => {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(await portal.keys()), {
      issuer: service.issuer,
      audience: clientId,
      typ: 'logout+jwt',
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
    });
    expect(payload.events).to.deep.equal({ [EVENT]: {} });
    expect(payload).to.not.have.property('nonce');
    expect(Number(payload.exp) - Number(payload.iat)).to.be.within(1, 120);
    return { payload, protectedHeader };
  };
  const tokenOf = async (path: string, count = 1): Promise<string> => {
    const forms = await host.posted(path, count);
    return forms[count - 1]?.get('logout_token') ?? '';
  };
  const recorded = async (type: AuditEvent['type'], { clientId }: TestRelyingParty) => {
    while (isRunning) {
      const events = (await service.auditRecords()).map(({ event }) => event);
      const found = events.find((event) => event.type === type && 'clientId' in event && event.clientId === clientId);
      if (found !== undefined) return found;
      await setImmediate();
    }
    throw new Error(`there is no record ${type}`);
  };
  const waiting = async () => {
    const store = await service.openStore();
    try {
      return await store.logoutNotices.backlog();
    } finally {
      await store.close();
    }
  };
  /** On record first, a notice leaves the queue a moment later. */
  const expectNothingLeft = async (): Promise<void> => {
    while (isRunning && (await waiting()).length > 0) await setImmediate();
  };
  /** Lets time pass until something has happened. */
  const passTimeUntil = async <T>(happened: Promise<T>): Promise<T> => {
    let isOver = false;
    happened.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    while (isRunning && !isOver) {
      service.advance(1);
      // Paced by what the service answers meanwhile.
      await portal.keys();
    }
    return happened;
  };

  it('each by a token for itself: its sub, its sid, signed as its ID tokens', async () => {
    host.answers.set('/other', { status: 200, body: '<html>signed out' });
    const other = await portalAt('/other', { sector: 'other.example' });
    const here = await portal.signIn(citizen);
    const there = await other.signIn(citizen);
    await signOut();
    const { payload, protectedHeader } = await verified(await tokenOf('/logout'), portal);
    expect(payload.sub).to.equal(here.claims.sub);
    expect(payload.sid).to.equal(here.claims.sid).and.to.be.a('string');
    expect(protectedHeader.alg).to.equal(here.header.alg);
    const { payload: foreign } = await verified(await tokenOf('/other'), other);
    expect([foreign.sub, foreign.sid]).to.deep.equal([there.claims.sub, there.claims.sid]);
    expect(foreign.sub).to.not.equal(payload.sub);
    expect(foreign.sid).to.not.equal(payload.sid);
    expect(foreign.jti).to.not.equal(payload.jti);
    expect(await recorded('portal.notified', other)).to.deep.include({ attempts: 1 });
    expect(await recorded('portal.notified', portal)).to.deep.include({ attempts: 1 });
    await expectNothingLeft();
  });

  it('by its sub alone, where the portal did not register for the sid', async () => {
    host.answers.set('/by-sub', DONE);
    const bySub = await portalAt('/by-sub', { backchannel_logout_session_required: undefined });
    const { claims } = await bySub.signIn(citizen);
    expect(claims).to.not.have.property('sid');
    await signOut();
    const { payload } = await verified(await tokenOf('/by-sub'), bySub);
    expect(payload.sub).to.equal(claims.sub);
    expect(payload).to.not.have.property('sid');
  });

  it('by a token that is encrypted, where its ID tokens are', async () => {
    host.answers.set('/sealed', DONE);
    const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { extractable: true });
    const key = { ...(await exportJWK(publicKey)), kid: 'enc-1', alg: 'ECDH-ES', use: 'enc' };
    const sealed = await portalAt('/sealed', {
      jwks: { keys: [key] },
      id_token_signed_response_alg: 'ES256',
      id_token_encrypted_response_alg: 'ECDH-ES',
      id_token_encrypted_response_enc: 'A256GCM',
    });
    const answer = await sealed.authorize(citizen, sealed.requestParameters());
    expect(answer.parameters.get('code'), answer.lastPage).to.be.a('string');
    await signOut();
    const jwe = await tokenOf('/sealed');
    expect(decodeProtectedHeader(jwe)).to.include({ alg: 'ECDH-ES', enc: 'A256GCM', kid: 'enc-1' });
    const { plaintext } = await compactDecrypt(jwe, privateKey);
    await verified(new TextDecoder().decode(plaintext), sealed);
  });

  it('one alone, where the citizen leaves that one alone', async () => {
    for (const path of ['/left', '/kept']) host.answers.set(path, DONE);
    const [left, kept] = [await portalAt('/left'), await portalAt('/kept')];
    const signedIn = await left.signIn(citizen);
    await kept.signIn(citizen);
    await signOut(citizen, 'stay', signedIn);
    const { payload } = await verified(await tokenOf('/left'), left);
    expect(payload.sid).to.equal(signedIn.claims.sid);
    await recorded('portal.notified', left);
    expect(host.requests).to.not.include('/kept');
    // And anew, under another sid, once it comes back.
    const again = await left.signIn(citizen);
    expect(again.claims.sid).to.not.equal(signedIn.claims.sid);
    await signOut();
    expect((await verified(await tokenOf('/left', 2), left)).payload.sid).to.equal(again.claims.sid);
    await tokenOf('/kept');
  });

  it('also where the card of another citizen takes the place of the session', async () => {
    host.answers.set('/former', DONE);
    const former = await portalAt('/former');
    const { claims } = await former.signIn(citizen);
    const next = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid-arabic') }, citizen.jar);
    await portal.signIn(next, { prompt: 'login' });
    const { payload } = await verified(await tokenOf('/former'), former);
    expect([payload.sub, payload.sid]).to.deep.equal([claims.sub, claims.sid]);
  });

  it('of each sign-in of a session by itself: a card that is shown again begins another sid', async () => {
    host.answers.set('/twice', DONE);
    const twice = await portalAt('/twice');
    const first = await twice.signIn(citizen);
    const same = await twice.signIn(citizen);
    const second = await twice.signIn(citizen, { prompt: 'login' });
    expect(same.claims.sid).to.equal(first.claims.sid);
    expect(second.claims.sid).to.not.equal(first.claims.sid);
    await signOut();
    await tokenOf('/twice', 2);
    const told = (await host.posted('/twice')).map((form) => decodeJwt(form.get('logout_token') ?? '').sid);
    expect(told).to.have.members([first.claims.sid, second.claims.sid]);
  });

  it('for as long as the session lasts, which a card that is shown again prolongs at every portal', async () => {
    for (const path of ['/early', '/late']) host.answers.set(path, DONE);
    const [early, late] = [
      await portalAt('/early'),
      await portalAt('/late', { backchannel_logout_uri: undefined, backchannel_logout_session_required: undefined }),
    ];
    const { claims } = await early.signIn(citizen);
    service.advance(600);
    await late.signIn(citizen, { prompt: 'login' });
    service.advance(600);
    await signOut();
    expect(decodeJwt(await tokenOf('/early')).sid).to.equal(claims.sid);
  });

  it('also where an officer suspends the portal itself', async () => {
    host.answers.set('/suspended', DONE);
    const suspended = await portalAt('/suspended');
    const { claims } = await suspended.signIn(citizen);
    const suspend = ['portal', 'suspend', suspended.clientId, '--reason', 'decision'];
    const { code, stderr } = await runCommand([...suspend, '--config', join(service.directory, 'thiqa.yaml')]);
    expect(code, stderr).to.equal(0);
    const { payload } = await verified(await tokenOf('/suspended'), suspended);
    expect([payload.sub, payload.sid]).to.deep.equal([claims.sub, claims.sid]);
  });

  it('by a fresh token at each attempt, until it takes one', async () => {
    host.answers.set('/absent', { status: 503, body: '' });
    const absent = await portalAt('/absent');
    await absent.signIn(citizen);
    await signOut();
    const first = await tokenOf('/absent');
    const second = await passTimeUntil(tokenOf('/absent', 2));
    expect(second).to.not.equal(first);
    host.answers.set('/absent', DONE);
    const [{ payload: one }, { payload: other }] = [await verified(first, absent), await verified(second, absent)];
    expect(one.jti).to.not.equal(other.jti);
    await passTimeUntil(recorded('portal.notified', absent));
    expect((await recorded('portal.notified', absent)).type).to.equal('portal.notified');
    await expectNothingLeft();
  });

  for (const [fault, path, answer, recordedAnswer] of [
    ['refuses them', '/refusing', { status: 400, body: '' }, { code: 'FETCH_FAILED', status: 400 }],
    ['sends them elsewhere', '/moved', { status: 307, body: '', location: '/never' }, { code: 'FETCH_REFUSED' }],
  ] as const) {
    it(`and one that ${fault} is given up after five, on record`, async () => {
      host.answers.set(path, answer);
      host.answers.set('/never', DONE);
      const refusing = await portalAt(path);
      await refusing.signIn(citizen);
      await signOut();
      const event = await passTimeUntil(recorded('portal.not-notified', refusing));
      expect(event).to.deep.include({ attempts: 5, ...recordedAnswer });
      expect(host.requests).to.not.include('/never');
      await expectNothingLeft();
    });
  }

  it('while one that never answers keeps neither the citizen nor another portal waiting', async () => {
    host.answers.set('/hanging', { body: '', hangs: true });
    const hanging = await portalAt('/hanging');
    for (const card of ['valid', 'valid-arabic', 'valid', 'valid-arabic', 'valid'] as const) {
      const somebody = citizenWith(card);
      await hanging.signIn(somebody);
      await signOut(somebody);
    }
    await host.posted('/hanging', 4);
    const before = (await host.posted('/logout')).length;
    await portal.signIn(citizen);
    await signOut();
    await tokenOf('/logout', before + 1);
    expect((await waiting()).map(({ clientId }) => clientId)).to.include(hanging.clientId);
  });

  it('and nothing of it, nor of the citizen, stands in the log', async () => {
    const token = await tokenOf('/absent');
    const payload = decodeJwt(token);
    const log = service.logText();
    expect(log).to.include('logout-notice');
    for (const secret of [token, token.split('.')[1], payload.sub, payload.sid, '/absent']) {
      expect(log).to.not.include(String(secret));
    }
  });

  it('none of a session that nobody ended', async () => {
    host.answers.set('/unended', DONE);
    const unended = await portalAt('/unended');
    await unended.signIn(citizen);
    service.advance(901);
    await citizen.send('GET', portal.endpoint('end_session'));
    expect(host.requests).to.not.include('/unended');
  });
});
