/**
 * What a portal, a browser or a stranger may send wrong: each is a coded refusal, on record, on a page or as an OAuth
 * error, and never a stack trace.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { findAction } from '../../src/demo/page-reading.ts';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import { send } from '../support/request.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('what is refused on the way of a sign-in', () => {
  let service: TestService;
  beforeEach(async () => {
    service = await startTestService();
  });
  afterEach(() => service.dispose());

  const citizen = (): Citizen => new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
  const events = async (): Promise<readonly AuditEvent[]> => (await service.auditRecords()).map(({ event }) => event);
  const authorization = (changes: Readonly<Record<string, string | undefined>>): URL => {
    const url = new URL('/auth', service.issuer);
    const parameters = {
      client_id: `passport-renewal-${service.portal.port}`,
      response_type: 'code',
      scope: 'openid profile',
      redirect_uri: new URL('/callback', service.portal).href,
      state: 'state-of-the-portal',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...changes,
    };
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
    return url;
  };
  const expectNoTrace = (page: PageResponse): void => {
    expect(page.body).not.to.match(/\bat .*\.(ts|js):\d+|node_modules|Error:/);
  };

  describe('of the portal', () => {
    it('accepts the request that the refused ones differ from', async () => {
      const answer = await citizen().send('GET', authorization({}));
      expect(redirectOf(answer)?.pathname).to.match(/^\/auth\/[\w-]+\/sign-in$/);
    });

    for (const [what, changes] of [
      ['an unknown client', { client_id: 'nobody' }],
      ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/callback' }],
    ] as const) {
      it(`shows a page for ${what}, and sends the browser nowhere`, async () => {
        const answer = await citizen().send('GET', authorization(changes));
        expect(answer.status).to.equal(400);
        expect(answer.headers.location).to.equal(undefined);
        expect(codeOf(answer)).to.equal('AUTHORIZATION_REQUEST_REFUSED');
        expectNoTrace(answer);
        expect((await events()).at(-1)).to.include({ type: 'portal.refused', endpoint: 'authorization' });
      });
    }

    for (const [what, changes, error] of [
      ['a request without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['PKCE with the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['the implicit flow', { response_type: 'id_token', nonce: 'n' }, 'unsupported_response_type'],
      ['a malformed claims parameter', { claims: '{' }, 'invalid_request'],
    ] as const) {
      it(`answers ${what} with ${error}, at the portal`, async () => {
        const answer = await citizen().send('GET', authorization(changes));
        const target = redirectOf(answer);
        const sent = new URLSearchParams(target?.hash.slice(1) || target?.search);
        expect(target?.origin).to.equal(service.portal.origin);
        expect(sent.get('error')).to.equal(error);
        expect(sent.get('state')).to.equal('state-of-the-portal');
        expect((await events()).at(-1)).to.include({ type: 'portal.refused', error });
      });
    }

    it('answers a token request with a secret that is wrong with invalid_client', async () => {
      const answer = await citizen().send(
        'POST',
        new URL('/token', service.issuer),
        { Accept: 'application/json', Authorization: `Basic ${Buffer.from('passport-renewal:x').toString('base64')}` },
        'grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x',
      );
      expect(answer.status).to.equal(401);
      expect(JSON.parse(answer.body)).to.include({ error: 'invalid_client' });
      expect((await events()).at(-1)).to.include({
        type: 'portal.refused',
        endpoint: 'token',
        error: 'invalid_client',
      });
    });
  });

  it('lets the page of the form post mode post to the portal and run its own script, and nothing else', async () => {
    const begun = citizen();
    const page = await begun.follow(
      await begun.send('GET', authorization({ response_mode: 'form_post', scope: 'openid' })),
    );
    const answer = await begun.follow(await begun.press(page, 'cancel'));
    const policy = String(answer.headers['content-security-policy']);
    expect(answer.body).to.include(`action="${new URL('/callback', service.portal).href}"`);
    expect(policy).to.include(`form-action ${service.portal.origin}`);
    expect(policy).to.match(/script-src 'sha256-[A-Za-z0-9+/=]{44}'/);
  });

  describe('of the browser', () => {
    it('shows a page to a browser that did not begin the sign-in, and records it', async () => {
      const page = await citizen().begin(service.portal);
      const other = await citizen().send('GET', page.url);
      expect(other.status).to.equal(404);
      expect(codeOf(other)).to.equal('INTERACTION_NOT_FOUND');
      expectNoTrace(other);
      expect((await events()).at(-1)).to.include({ type: 'request.refused', code: 'INTERACTION_NOT_FOUND' });
    });

    it('does not believe a cookie whose signature was altered', async () => {
      const begun = citizen();
      const page = await begun.begin(service.portal);
      const cookie = begun.jar.headerFor(page.url, new Date()) ?? '';
      const altered = cookie.replace(
        /(_interaction\.sig=)(.)/,
        (_whole, name: string, first: string) => name + (first === 'A' ? 'B' : 'A'),
      );
      expect(altered).not.to.equal(cookie);
      const answer = await citizen().send('GET', page.url, { Cookie: altered });
      expect(codeOf(answer)).to.equal('INTERACTION_NOT_FOUND');
      expect(codeOf(await citizen().send('GET', page.url, { Cookie: cookie }))).to.equal(undefined);
    });

    it('refuses a form of another origin', async () => {
      const begun = citizen();
      const page = await begun.begin(service.portal);
      const action = findAction(page.body, 'present-card', page.url);
      for (const headers of [
        { Origin: 'https://evil.example' },
        { Origin: 'null' },
        { 'Sec-Fetch-Site': 'cross-site' },
      ]) {
        const answer = await begun.send('POST', action?.url ?? page.url, headers, '');
        expect(answer.status).to.equal(400);
        expect(codeOf(answer)).to.equal('REQUEST_MALFORMED');
      }
    });

    it('refuses a body over the limit, of a page and of the protocol', async () => {
      const begun = citizen();
      const page = await begun.begin(service.portal);
      const action = findAction(page.body, 'present-card', page.url);
      const large = await begun.send(
        'POST',
        action?.url ?? page.url,
        { Origin: page.url.origin },
        `x=${'x'.repeat(9000)}`,
      );
      expect(large.status).to.equal(413);
      expect(codeOf(large)).to.equal('REQUEST_TOO_LARGE');
      expect((await events()).at(-1)).to.include({ type: 'request.refused', code: 'REQUEST_TOO_LARGE' });
      const token = await begun.send(
        'POST',
        new URL('/token', service.issuer),
        { Accept: 'application/json' },
        `x=${'x'.repeat(70_000)}`,
      );
      expect(token.status).to.be.oneOf([400, 413]);
      expectNoTrace(token);
    });

    it('refuses a form that is not encoded as it says, whoever sends it', async () => {
      for (const path of ['/auth/x/sign-in/card', '/auth/x/sign-in/web-eid']) {
        for (const coding of ['gzip', 'deflate', 'br', 'unknown']) {
          const headers = { Origin: service.issuer, 'Content-Encoding': coding };
          const answer = await citizen().send('POST', new URL(path, service.issuer), headers, 'nonce=x&token=x');
          expect([answer.status, codeOf(answer)], `${path} ${coding}`).to.deep.equal([400, 'REQUEST_MALFORMED']);
          expect((await events()).at(-1)).to.include({ type: 'request.refused', code: 'REQUEST_MALFORMED' });
        }
      }
    });

    it('refuses a request that names two hosts (RFC 9112 3.2), on every path', async () => {
      const { host, port } = new URL(service.issuer);
      for (const path of ['/auth', '/jwks', '/.well-known/openid-configuration', '/health']) {
        const answer = await send({ port: Number(port), path, headers: { Host: [host, 'evil.example'] } });
        expect([answer.status, answer.body.includes('REQUEST_MALFORMED')], path).to.deep.equal([400, true]);
      }
    });

    it('refuses a request that breaks off, and calls it no error of the service', async () => {
      for (const path of ['/auth', '/session/end', '/auth/x/sign-in/card']) {
        const records = (await events()).length;
        await postHalf(new URL(path, service.issuer));
        await until(async () => (await events()).length > records);
        expect((await events()).at(-1), path).to.include({ type: 'request.refused', code: 'REQUEST_MALFORMED' });
      }
      await until(async () => service.logText().split('"event":"refusal"').length > 3);
      expect(service.logText()).to.not.match(/"level":50/);
    });

    it('refuses an answer to a consent that was answered and has ended', async () => {
      const begun = citizen();
      const consent = await begun.follow(await begun.press(await begun.begin(service.portal), 'present-card'));
      await begun.follow(await begun.press(consent, 'decline'));
      const again = await begun.press(consent, 'consent');
      expect(codeOf(again)).to.equal('INTERACTION_NOT_FOUND');
      expect((await events()).filter(({ type }) => type === 'citizen.consented')).to.have.length(0);
    });

    it('lets the citizen turn back to the portal before and after the card', async () => {
      const before = citizen();
      const cancelled = await before.follow(await before.press(await before.begin(service.portal), 'cancel'));
      expect(cancelled.url.origin).to.equal(service.portal.origin);
      expect(codeOf(cancelled)).to.equal('access_denied');
      expect((await events()).map(({ type }) => type)).to.include('citizen.cancelled');

      const after = citizen();
      const consent = await after.follow(await after.press(await after.begin(service.portal), 'present-card'));
      const declined = await after.follow(await after.press(consent, 'decline'));
      expect(codeOf(declined)).to.equal('access_denied');
      expect((await events()).map(({ type }) => type)).to.include('citizen.declined');
    });

    it('offers another attempt after a refusal, with a new label', async () => {
      const without = new Citizen({ tlsRootPem: service.tlsRootPem });
      const start = await without.begin(service.portal);
      const first = await without.press(start, 'present-card');
      const refused = await without.follow(first);
      expect(refused.status).to.equal(403);
      expect(codeOf(refused)).to.equal('CARD_NOT_PRESENTED');
      const again = await without.press(await without.press(refused, 'try-again'), 'present-card');
      expect(redirectOf(again)?.hostname).to.match(/^[0-9a-f]{32}\.card\.localhost$/);
      expect(redirectOf(again)?.hostname).not.to.equal(redirectOf(first)?.hostname);
    });
  });

  describe('pages', () => {
    it('answer what does not exist with a page, without a trace of the inside', async () => {
      const page = await citizen().send('GET', new URL('/no/such/page', service.issuer));
      expect(page.status).to.equal(404);
      expect(codeOf(page)).to.equal('PAGE_NOT_FOUND');
      expectNoTrace(page);
    });

    it('speak the language that the browser asks for, Arabic from right to left', async () => {
      const page = await new Citizen({ tlsRootPem: service.tlsRootPem, language: 'ar' }).begin(service.portal);
      expect(page.body).to.match(/<html lang="ar" dir="rtl">/);
    });

    it('run under a policy that allows no frame, and no script but those of the page that asks for the card', async () => {
      const begun = citizen();
      const page = await begun.begin(service.portal);
      const policy = String(page.headers['content-security-policy']);
      const sources = /script-src ([^;]*)/.exec(policy)?.[1]?.split(' ') ?? [];
      expect(policy).to.include("default-src 'none'").and.to.include("frame-ancestors 'none'");
      expect(sources).to.have.length(2);
      for (const source of sources) expect(source).to.match(/^http:\/\/localhost:\d+\/(?:assets\/web-eid\.|sandbox\/)/);
      expect(policy).not.to.match(/unsafe|\*(?!\.card\.localhost)/);
      expect(page.body).not.to.match(/<script(?! type="module" src=)|\son\w+=|style="/i);

      const consent = await begun.follow(await begun.press(page, 'present-card'));
      expect(consent.headers['content-security-policy']).not.to.match(/script-src|connect-src|unsafe/);
      expect(consent.body).not.to.match(/<script|\son\w+=|style="/i);
    });
  });
});

/** A form of which the client sends a part, and is gone. */
async function postHalf({ host, hostname, port, pathname }: URL): Promise<void> {
  const socket = connect({ host: hostname, port: Number(port) });
  const header = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Length: 100',
    'Expect: 100-continue',
  ];
  socket.on('error', () => undefined);
  socket.write(`${header.join('\r\n')}\r\n\r\n`);
  // The service has begun to read once it asks for the rest.
  await once(socket, 'data');
  socket.write('scope=openid');
  socket.resetAndDestroy();
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(20);
}
