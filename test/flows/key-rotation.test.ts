/**
 * Keys change while a service runs, as its officer and its portals see it.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { CONFIG_FILE } from '../../src/demo/demonstration.ts';
import { Citizen, codeOf } from '../support/citizen.ts';
import { runCommand } from '../support/command.ts';
import { passThrough } from '../support/passage.ts';
import { PORTAL_ORIGIN, proofKey, registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const kidsOf = ({ keys }: JSONWebKeySet) => keys.map(({ kid }) => kid);

describe('keys that change while the service runs', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  beforeEach(async () => {
    service = await startTestService();
    portal = await registerRelyingParty(service);
  });
  afterEach(() => service.dispose());

  const keys = (...args: readonly string[]) =>
    runCommand(['keys', ...args, '--config', join(service.directory, CONFIG_FILE)]);
  /** An officer's change, followed by the service. */
  const change = async (...args: readonly string[]): Promise<Readonly<Record<string, string>>> => {
    const { code, stdout, stderr } = await keys(...args);
    expect(code, stdout + stderr).to.equal(0);
    await service.reload();
    return JSON.parse(stdout);
  };
  const refused = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await keys(...args);
    expect(code, stdout + stderr).to.equal(2);
    return JSON.parse(stdout).code;
  };
  const list = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const { stdout } = await keys('list');
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const signIn = async (by = portal) => {
    const { verifier, parameters } = proofKey();
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    return by.signIn(citizen, parameters, { redeemWith: { code_verifier: verifier } });
  };
  const verifies = (token: string, set: JSONWebKeySet) => jwtVerify(token, createLocalJWKSet(set));
  const discovered = async (): Promise<unknown> => {
    const answer = await fetch(new URL('/.well-known/openid-configuration', service.issuer));
    const metadata = (await answer.json()) as Readonly<Record<string, unknown>>; // a discovery document is an object
    return metadata.id_token_signing_alg_values_supported;
  };

  it('a portal that keeps the key set sees the next key before it signs, and the old one until it is not needed', async () => {
    const before = await signIn();
    const old = String(before.header.kid);

    const announced = await change('announce');
    const next = String(announced.kid);
    expect(announced).to.include({ algorithm: 'ES256', use: 'assertions', state: 'announced' });
    const kept = await portal.keys();
    expect(kidsOf(kept)).to.deep.equal([old, next]);
    for (const jwk of kept.keys) {
      expect(jwk).to.include({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
      expect(jwk).to.not.have.property('d');
    }
    expect((await signIn()).header.kid).to.equal(old);

    expect(await refused('activate', next)).to.equal('KEY_TOO_EARLY');
    await change('activate', next, '--early');
    const after = await signIn();
    expect(after.header.kid).to.equal(next);
    await verifies(after.idToken, kept);
    expect(kidsOf(await portal.keys())).to.deep.equal([next, old]);
    await verifies(before.idToken, await portal.keys());

    expect(await refused('remove', old)).to.equal('KEY_TOO_EARLY');
    await change('remove', old, '--early');
    expect(kidsOf(await portal.keys())).to.deep.equal([next]);
    const refusal = await verifies(before.idToken, await portal.keys()).catch((error: unknown) => error);
    expect(refusal).to.have.property('code', 'ERR_JWKS_NO_MATCHING_KEY');

    expect((await list()).map(({ kid, state, use }) => [kid, state, use])).to.deep.include.members([
      [old, 'removed', 'assertions'],
      [next, 'signing', 'assertions'],
    ]);
    const records = (await service.auditRecords()).map(({ event }) => event);
    expect(records.filter((event) => 'kid' in event && [old, next].includes(event.kid))).to.deep.equal([
      { type: 'key.imported', kid: old, algorithm: 'ES256', state: 'signing' },
      { type: 'key.announced', kid: next, algorithm: 'ES256', by: 'officer' },
      { type: 'key.published', kid: next, algorithm: 'ES256', by: 'service' },
      { type: 'key.retired', kid: old, algorithm: 'ES256', by: 'officer' },
      { type: 'key.activated', kid: next, algorithm: 'ES256', by: 'officer', early: true },
      { type: 'key.removed', kid: old, algorithm: 'ES256', by: 'officer', early: true },
    ]);
  });

  it('a key whose name begins with a hyphen is named after --', async () => {
    const config = join(service.directory, CONFIG_FILE);
    const { code, stdout, stderr } = await runCommand([
      'keys',
      'activate',
      '--config',
      config,
      '--',
      `-${'Y'.repeat(42)}`,
    ]);
    expect(code, stdout + stderr).to.equal(2);
    expect(JSON.parse(stdout)).to.include({ code: 'KEY_NOT_FOUND' });
  });

  it('the service removes a retired key by itself, when the last token that it signed has expired', async () => {
    const old = String((await signIn()).header.kid);
    await change('activate', String((await change('announce')).kid), '--early');
    const { removed_from: removedFrom } = (await list()).find(({ kid }) => kid === old) ?? {};
    const seconds = (Date.parse(String(removedFrom)) - Date.now()) / 1000;
    service.advance(seconds - 60);
    await service.reload();
    expect(kidsOf(await portal.keys())).to.include(old);
    service.advance(60);
    await service.reload();
    expect(kidsOf(await portal.keys())).to.not.include(old);
    expect((await list()).find(({ kid }) => kid === old)).to.include({ state: 'removed' });
  });

  for (const algorithm of ['PS256', 'EdDSA', 'RS256']) {
    it(`a portal may ask for ${algorithm} from the day that a key signs with it, beside the others`, async () => {
      const registration = { id_token_signed_response_alg: algorithm };
      const refusal = await registerRelyingParty(service, { registration }).catch((error: unknown) => error);
      expect(refusal).to.have.property('code', 'PORTAL_MALFORMED');
      expect(await discovered()).to.deep.equal(['ES256']);

      const { kid } = await change('announce', '--algorithm', algorithm);
      expect(await discovered()).to.deep.equal(['ES256']);
      await change('activate', String(kid), '--early');
      expect(await discovered()).to.have.members(['ES256', algorithm]);

      const asking = await registerRelyingParty(service, { registration });
      expect((await signIn(asking)).header).to.include({ alg: algorithm, kid });
      expect((await signIn()).header.alg).to.equal('ES256');

      await change('retire', String(kid), '--last');
      expect(await discovered()).to.deep.equal(['ES256']);
      const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
      const { arrived, last } = await asking.authorize(citizen, asking.requestParameters(proofKey().parameters));
      expect(arrived).to.equal(undefined);
      expect([last.status, codeOf(last)]).to.deep.equal([400, 'AUTHORIZATION_REQUEST_REFUSED']);
      expect((await signIn()).header.alg).to.equal('ES256');
    });
  }

  it('an algorithm that ends keeps nobody from signing out who signed in with it', async () => {
    const { kid } = await change('announce', '--algorithm', 'EdDSA');
    await change('activate', String(kid), '--early');
    const asking = await registerRelyingParty(service, { registration: { id_token_signed_response_alg: 'EdDSA' } });
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const { verifier, parameters } = proofKey();
    const { accessToken } = await asking.signIn(citizen, parameters, { redeemWith: { code_verifier: verifier } });
    const pages = async () => (await portal.authorize(citizen, portal.requestParameters(proofKey().parameters))).pages;
    expect(await pages()).to.deep.equal(['consent']);

    await change('retire', String(kid), '--last');
    const { status, headers } = await asking.userinfo(accessToken);
    expect(status).to.equal(401);
    expect(headers['www-authenticate']).to.include('invalid_token');
    const question = await citizen.send('GET', portal.endpoint('end_session'));
    const answer = await citizen.press(question, 'sign-out');
    expect([answer.status, codeOf(answer)]).to.deep.equal([303, undefined]);
    expect(await pages()).to.include('present-card');
  });

  it('a sign-in that is under way goes on when the keys of assertions and cookies change', async () => {
    const { verifier, parameters } = proofKey();
    const request = portal.requestParameters(parameters);
    const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const url = new URL(`${portal.endpoint('authorization')}?${new URLSearchParams(request)}`);
    const page = await citizen.follow(await citizen.send('GET', url), () => false);
    expect(page.status).to.equal(200);
    for (const algorithm of ['HS1', 'ES256']) {
      await change('activate', String((await change('announce', '--algorithm', algorithm)).kid), '--early');
    }
    // Its cookies were signed with the former key.
    const { arrived } = await passThrough(citizen, page, ({ origin }) => origin === PORTAL_ORIGIN);
    const { status, body } = await portal.redeem(arrived?.parameters.get('code') ?? '', { code_verifier: verifier });
    expect(status).to.equal(200);
    const signing = (await list()).find(({ state, algorithm }) => state === 'signing' && algorithm === 'ES256');
    expect(decodeProtectedHeader(String(body.id_token)).kid).to.equal(signing?.kid);
  });

  it('an officer reads every key, and of none a private part', async () => {
    await change('announce', '--algorithm', 'PS256');
    const { stdout } = await keys('list');
    expect((await list()).map(({ algorithm, state }) => `${algorithm} ${state}`)).to.deep.equal([
      'ES256 signing',
      'HS1 signing',
      'PS256 published',
    ]);
    expect(stdout).to.not.match(/"(?:d|p|q|dp|dq|qi|cookieKey|privateJwk|publicJwk)"/);
  });

  it('of two officers who announce the next key, one is refused', async () => {
    const outcomes = await Promise.all([keys('announce'), keys('announce')]);
    expect(outcomes.map(({ code }) => code).sort()).to.deep.equal([0, 2]);
    const lost = outcomes.find(({ code }) => code === 2);
    expect(JSON.parse(lost?.stdout ?? '').code).to.be.oneOf(['KEY_PENDING', 'KEY_CHANGED']);
  });
});
