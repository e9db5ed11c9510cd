/**
 * S28: a per-client "not before" hides the global one (CVE-2026-8922). Of the marks for everybody, for a portal and for a
 * citizen the latest always counts, in whatever order they were made: for sessions, sign-ins under way, codes, pushed
 * requests, access tokens, refresh tokens. What a suspension ended is not revived by its end.
 */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { AuditLog } from '../../src/audit/audit-log.ts';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { CONFIG_FILE } from '../../src/demo/demonstration.ts';
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { endSessions, type SessionOwner } from '../../src/sessions/end-sessions.ts';
import type { Store } from '../../src/store/store.ts';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import { runCommand } from '../support/command.ts';
import { PORTAL_ORIGIN, registerRelyingParty, type TestRelyingParty } from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

const REGISTRATION = {
  require_pkce: false,
  grant_types: ['authorization_code', 'refresh_token'],
  refresh_tokens: true,
};
const KINDS = ['everybody', 'portal', 'citizen'] as const;
type Kind = (typeof KINDS)[number];

describe('S28: the end of sessions', () => {
  let service: TestService;
  let store: Store;
  let portal: TestRelyingParty;
  let other: TestRelyingParty;
  let account: string;
  before(async () => {
    service = await startTestService();
    store = await service.openStore();
    portal = await registerRelyingParty(service, { registration: REGISTRATION });
    other = await registerRelyingParty(service, { registration: REGISTRATION });
    await portal.signIn(citizen());
    const event = (await service.auditRecords()).map((record) => record.event).findLast(isAuthentication);
    account = event?.accountId ?? expect.fail('nobody signed in');
  });
  after(async () => {
    await store.close();
    await service.dispose();
  });

  const citizen = (card: CardId = 'valid'): Citizen =>
    new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) });
  const isPortal = (next: URL): boolean => next.origin === PORTAL_ORIGIN;
  const command = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await runCommand([...args, '--config', join(service.directory, CONFIG_FILE)]);
    expect(code, stdout + stderr).to.equal(0);
    return JSON.parse(stdout);
  };

  /**
   * Everything that sign-ins leave in the world. A session has the tokens of its last answer alone, so a code that waits is
   * of another browser.
   */
  const everything = async (at: TestRelyingParty, who: Citizen, card: CardId = 'valid') => {
    const { accessToken, tokens } = await at.signIn(who);
    const pushed = await at.post(at.endpoint('pushed_authorization_request'), at.requestParameters());
    const waiting = citizen(card);
    return {
      at,
      who,
      waiting,
      accessToken,
      refreshToken: String(tokens.refresh_token),
      code: (await at.authorize(citizen(card), at.requestParameters())).parameters.get('code') ?? '',
      requestUri: String(pushed.body.request_uri),
      page: await waiting.follow(await waiting.send('GET', authorizationOf(at)), isPortal),
    };
  };
  type Everything = Awaited<ReturnType<typeof everything>>;

  /** What each piece is worth now, as its holder sees it. */
  const worth = async ({ at, who, waiting, accessToken, refreshToken, code, requestUri, page }: Everything) => {
    const introspect = async (token: string) => (await at.post(at.endpoint('introspection'), { token })).body.active;
    const tokens = {
      accessToken: await introspect(accessToken),
      userinfo: (await at.userinfo(accessToken)).status,
      refreshToken: await introspect(refreshToken),
      refresh: outcomeOf(
        await at.post(at.endpoint('token'), { grant_type: 'refresh_token', refresh_token: refreshToken }),
      ),
      code: outcomeOf(await at.redeem(code)),
    };
    const silently = await at.authorize(who, at.requestParameters({ prompt: 'none' }));
    const byRequest = await at.authorize(who, { client_id: at.clientId, request_uri: requestUri });
    return {
      ...tokens,
      silently: silently.parameters.get('error') ?? 'signed in',
      pushed: byRequest.parameters.has('code') ? byRequest.pages.length : byRequest.lastPage,
      page: outcomeOfPage(await waiting.follow(await waiting.press(page, 'present-card'), isPortal)),
    };
  };
  const ALIVE = {
    accessToken: true,
    userinfo: 200,
    refreshToken: true,
    code: 200,
    silently: 'signed in',
    pushed: 0,
    page: 'signed in',
    refresh: 200,
  };
  const DEAD = {
    accessToken: false,
    userinfo: 401,
    refreshToken: false,
    code: 'invalid_grant',
    silently: 'login_required',
    pushed: '400 /auth AUTHORIZATION_REQUEST_REFUSED',
    page: 'INTERACTION_NOT_FOUND',
    refresh: 'invalid_grant',
  };
  /** A request that is pushed, and a page that waits for a card, are of no citizen: the card is needed for both. */
  const DEAD_OF_CITIZEN = { ...DEAD, pushed: 1, page: 'signed in' };
  const DEAD_OF: Readonly<Record<Kind, unknown>> = { everybody: DEAD, portal: DEAD, citizen: DEAD_OF_CITIZEN };

  const ownerOf = (kind: Kind): SessionOwner => {
    if (kind === 'portal') return { kind, clientId: portal.clientId };
    return kind === 'citizen' ? { kind, accountId: account } : { kind };
  };
  /** @param secondsAgo the mark is of then */
  const mark = (kind: Kind, secondsAgo: number) => {
    const clock = () => new Date(Date.now() - secondsAgo * 1000);
    const { notBefore, portals, standings, audit } = store;
    const ports = { notBefore, portals, standings, audit: new AuditLog(audit, clock), clock };
    return endSessions(ownerOf(kind), 'incident', ports);
  };
  /** Every process has looked again, and what is issued now is of a later second. */
  const pass = (): Promise<void> => setTimeout(Math.max(150, 1001 - (Date.now() % 1000)));

  for (const decisive of KINDS) {
    for (const isFirst of [true, false]) {
      it(`the mark for ${decisive} counts, made ${isFirst ? 'before' : 'after'} earlier ones for the others`, async () => {
        await pass();
        const who = citizen();
        const mine = await everything(portal, who);
        // A citizen who is ended presents the card again on the way.
        const elsewhere = await everything(other, decisive === 'citizen' ? citizen() : who);
        const others = await everything(portal, citizen('valid-arabic'), 'valid-arabic');
        if (isFirst) await mark(decisive, 0);
        for (const kind of KINDS) if (kind !== decisive) await mark(kind, 3600);
        if (!isFirst) await mark(decisive, 0);
        await pass();
        expect(await worth(mine), 'of the citizen, with the portal').to.deep.equal(DEAD_OF[decisive]);
        expect(await worth(elsewhere), 'of the citizen, with another portal').to.deep.equal(
          decisive === 'portal' ? ALIVE : DEAD_OF[decisive],
        );
        expect(await worth(others), 'of another citizen').to.deep.equal(
          decisive === 'citizen' ? ALIVE : DEAD_OF[decisive],
        );
      });
    }
  }

  it('marks for all three that are of before a sign-in leave it alone', async () => {
    await pass();
    for (const kind of KINDS) await mark(kind, 0);
    await pass();
    expect(await worth(await everything(portal, citizen()))).to.deep.equal(ALIVE);
  });

  it('a consent page is worth nothing once its citizen was ended, and nobody has consented', async () => {
    await pass();
    const fresh = await registerRelyingParty(service, { registration: REGISTRATION });
    const who = citizen();
    const asked = await who.follow(await who.send('GET', authorizationOf(fresh)), isPortal);
    const consent = await who.follow(await who.press(asked, 'present-card'), isPortal);
    await mark('citizen', 0);
    const records = (await service.auditRecords()).length;
    const refused = await who.press(consent, 'consent');
    expect([refused.status, codeOf(refused)]).to.deep.equal([404, 'INTERACTION_NOT_FOUND']);
    const since = (await service.auditRecords()).slice(records).map(({ event }) => event.type);
    expect(since).to.not.include('citizen.consented');
  });

  it('a sign-in of the same second as the mark counts as before it', async () => {
    await pass();
    const { accessToken, claims } = await portal.signIn(citizen(), { max_age: '600' });
    await store.standings.change(account, { notBefore: Number(claims.auth_time) - 1 });
    expect((await portal.userinfo(accessToken)).status).to.equal(200);
    await store.standings.change(account, { notBefore: Number(claims.auth_time) });
    expect((await portal.userinfo(accessToken)).status).to.equal(401);
  });

  describe("an officer's command", () => {
    it('ends the sessions with a portal, on record', async () => {
      await pass();
      const mine = await everything(portal, citizen());
      const ended = await command(['sessions', 'end', '--portal', portal.clientId, '--reason', 'incident']);
      expect(ended.verdict).to.equal('ended');
      const { event } = (await service.auditRecords()).at(-1) ?? expect.fail('no record');
      expect(event).to.deep.equal({
        type: 'sessions.ended',
        reason: 'incident',
        clientId: portal.clientId,
        notBefore: ended.not_before,
      });
      await pass();
      expect(await worth(mine)).to.deep.equal(DEAD);
    });

    it('suspends a portal: it is told so, and the citizen too; its end revives nothing', async () => {
      await pass();
      const who = citizen();
      const mine = await everything(portal, who);
      const elsewhere = await everything(other, who);
      const suspend = ['portal', 'suspend', portal.clientId, '--reason', 'decision'];
      expect(await command(suspend)).to.include({ status: 'suspended', verdict: 'changed' });
      expect(await command(suspend)).to.include({ status: 'suspended', verdict: 'unchanged' });
      await pass();

      const page = await who.send('GET', authorizationOf(portal));
      expect([page.status, codeOf(page)]).to.deep.equal([403, 'PORTAL_SUSPENDED']);
      expect(page.body).to.include('This portal is suspended');
      for (const endpoint of ['token', 'introspection', 'revocation', 'pushed_authorization_request']) {
        const { status, body } = await portal.post(portal.endpoint(endpoint), {
          grant_type: 'refresh_token',
          refresh_token: mine.refreshToken,
          token: mine.accessToken,
        });
        expect([status, body.error, body.error_description], endpoint).to.deep.equal([
          401,
          'invalid_client',
          'the portal is suspended',
        ]);
      }
      const { event } = (await service.auditRecords()).at(-1) ?? expect.fail('no record');
      expect(event).to.include({ type: 'portal.refused', error: 'invalid_client', code: 'PORTAL_SUSPENDED' });
      expect((await portal.userinfo(mine.accessToken)).status).to.equal(401);
      expect(await worth(elsewhere), 'with another portal').to.deep.equal(ALIVE);

      const resume = ['portal', 'resume', portal.clientId, '--reason', 'decision'];
      expect(await command(resume)).to.include({ status: 'active', verdict: 'changed' });
      await pass();
      expect(await worth(mine)).to.deep.equal(DEAD);
      expect(await worth(await everything(portal, citizen()))).to.deep.equal(ALIVE);
    });

    it('suspends a citizen: every card is refused on a page that says so; its end revives nothing', async () => {
      await pass();
      const mine = await everything(portal, citizen());
      const others = await everything(portal, citizen('valid-arabic'), 'valid-arabic');
      const number = await runCommand(
        ['citizen', 'suspend', '--reason', 'request', '--config', join(service.directory, CONFIG_FILE)],
        {},
        'ZZ100001\n',
      );
      expect(number.code, number.stdout + number.stderr).to.equal(0);
      expect(JSON.parse(number.stdout)).to.deep.equal({ account, status: 'suspended', verdict: 'changed' });
      expect(number.stdout + number.stderr).to.not.include('ZZ100001');
      await pass();
      const refused = { ...DEAD_OF_CITIZEN, pushed: '403 CITIZEN_SUSPENDED', page: 'CITIZEN_SUSPENDED' };
      const { pushed, ...worthNow } = await worth(mine);
      expect({ ...worthNow, pushed: String(pushed).replace(/ \S+ /, ' ') }).to.deep.equal(refused);
      expect(await worth(others), 'of another citizen').to.deep.equal(ALIVE);
      const records = (await service.auditRecords()).map(({ event }) => event);
      expect(records.findLast(({ type }) => type === 'citizen.suspended')).to.include({ accountId: account });
      expect(records.findLast(({ type }) => type === 'citizen.refused')).to.include({ code: 'CITIZEN_SUSPENDED' });
      expect(service.logText()).to.not.include('ZZ100001');

      const resume = ['citizen', 'resume', '--account', account, '--reason', 'request'];
      expect(await command(resume)).to.include({ status: 'active', verdict: 'changed' });
      await pass();
      const { accessToken } = mine;
      expect((await portal.userinfo(accessToken)).status).to.equal(401);
      expect(await worth(await everything(portal, citizen()))).to.deep.equal(ALIVE);
    });

    it('that names nobody, or no citizen, ends nothing', async () => {
      const records = (await service.auditRecords()).length;
      const config = ['--config', join(service.directory, CONFIG_FILE)];
      const outcomes = [
        await runCommand(['sessions', 'end', '--reason', 'incident', ...config]),
        await runCommand(['sessions', 'end', '--everybody', ...config]),
        await runCommand(['sessions', 'end', '--everybody', '--citizen', '--reason', 'incident', ...config]),
        await runCommand(['sessions', 'end', '--portal', 'nobody', '--reason', 'incident', ...config]),
        await runCommand(['sessions', 'end', '--citizen', '--reason', 'incident', ...config], {}, ''),
        await runCommand(['citizen', 'suspend', '--reason', 'incident', ...config], {}, 'not a number\n'),
        await runCommand(['citizen', 'suspend', '--reason', 'incident', ...config], {}, 'ZZ100001\nZZ100002\n'),
      ];
      expect(outcomes.map(({ code }) => code)).to.deep.equal([1, 1, 1, 2, 1, 1, 1]);
      expect(outcomes[5]?.stderr).to.include('ATTRIBUTE_MALFORMED').and.not.include('not a number');
      expect(outcomes[6]?.stderr).to.include('ATTRIBUTE_REPEATED').and.not.include('ZZ10000');
      expect(await service.auditRecords()).to.have.length(records);
    });
  });

  function authorizationOf(at: TestRelyingParty, changes: Readonly<Record<string, string>> = {}): URL {
    const url = at.endpoint('authorization');
    url.search = new URLSearchParams(at.requestParameters(changes)).toString();
    return url;
  }
});

function isAuthentication<E extends { readonly type: string }>(
  event: E,
): event is Extract<E, { readonly type: 'citizen.authenticated' }> {
  return event.type === 'citizen.authenticated';
}

function outcomeOf({ status, body }: { readonly status: number; readonly body: Record<string, unknown> }): unknown {
  return body.error ?? status;
}

function outcomeOfPage(page: PageResponse): unknown {
  return redirectOf(page)?.searchParams.has('code') ? 'signed in' : codeOf(page);
}
