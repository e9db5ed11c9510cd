/**
 * RFC 8705 over real sockets: portals that show certificates, the tokens that are bound to these, and what the host that
 * asks for them does with anything else.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { AuditEvent } from '../../src/audit/event.ts';
import { systemClock } from '../../src/clock.ts';
import { extendedKeyUsage, subjectAlternativeName } from '../../src/demo/certificate-extensions.ts';
import { mintCertificate } from '../../src/demo/certificate-minting.ts';
import { readCertificate, readKeys } from '../../src/demo/demonstration-files.ts';
import type { SoftwareCard } from '../../src/demo/page-exchange.ts';
import { generateKeys, type KeyPair } from '../../src/demo/signing.ts';
import { issueServerCertificate, restoreTlsRoot } from '../../src/demo/tls-certificates.ts';
import { onboardingPorts } from '../../src/onboarding.ts';
import { registerPortal } from '../../src/relying-party/register-portal.ts';
import {
  type CertificateChanges,
  createTestAuthority,
  issueTestCard,
  issueTestCrl,
  pemOf,
} from '../support/authority.ts';
import { keyOf } from '../support/configuration.ts';
import { HttpsPortal, type JsonAnswer, thumbprintOf } from '../support/https-portal.ts';
import { type HttpsService, startHttpsService } from '../support/https-service.ts';
import { send } from '../support/request.ts';

const DAY = 86_400_000;
const now = Date.now();
const fromNow = (days: number): Date => new Date(now + days * DAY);

interface Shown extends SoftwareCard {
  readonly der: Buffer;
  readonly keys: KeyPair;
  readonly serialNumber?: Buffer;
}

function shown(der: Buffer, keys: KeyPair, serialNumber?: Buffer): Shown {
  const keyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { der, keys, certificatePem: pemOf(der), keyPem, ...(serialNumber && { serialNumber }) };
}

function selfSigned(keys = generateKeys('P-256'), from = -1, to = 30): Shown {
  const name = [{ type: 'commonName', value: 'portal' }] as const;
  const { publicKey: subjectKey, privateKey: issuerKey } = keys;
  const notBefore = fromNow(from);
  return shown(
    mintCertificate({
      subject: name,
      subjectKey,
      issuer: name,
      issuerKey,
      notBefore,
      notAfter: fromNow(to),
      extensions: [],
    }),
    keys,
  );
}

const authority = createTestAuthority();
const SUBJECT = [
  { type: 'countryName', value: 'MA' },
  { type: 'organizationName', value: 'Passports' },
  { type: 'commonName', value: 'portal' },
] as const;
const NAMES = { subjectAltName: subjectAlternativeName([{ dns: 'portal.example.ma' }]) };
function issued(changes: CertificateChanges = {}, issuer = authority.issuing): Shown {
  const { certificate, keys, serialNumber } = issueTestCard(issuer, {
    subject: SUBJECT,
    notBefore: fromNow(-1),
    notAfter: fromNow(30),
    ...changes,
    extensions: { ...NAMES, ...changes.extensions },
  });
  return shown(certificate, keys, serialNumber);
}
const crl = (revoked: readonly Buffer[] = [], issuer = authority.issuing): Buffer =>
  issueTestCrl(issuer, {
    thisUpdate: fromNow(-0.1),
    nextUpdate: fromNow(5),
    revoked: revoked.map((serialNumber) => ({ serialNumber, revokedAt: fromNow(-0.5) })),
  });

const registered = { self: selfSigned(), other: selfSigned(), ended: selfSigned(undefined, -30, -1) };
const ofCa = { portal: issued(), revoked: issued() };

const jwkOf = ({ keys, der }: Shown) => ({
  ...keys.publicKey.export({ format: 'jwk' }),
  x5c: [der.toString('base64')],
});
const byOwnCertificate = (certificate: Shown) => ({
  token_endpoint_auth_method: 'self_signed_tls_client_auth',
  jwks: { keys: [jwkOf(certificate)] },
  tls_client_certificate_bound_access_tokens: true,
});
const byCa = (subject: object) => ({ token_endpoint_auth_method: 'tls_client_auth', ...subject });
const PORTALS: Readonly<Record<string, object>> = {
  'self-signed': byOwnCertificate(registered.self),
  another: byOwnCertificate(registered.other),
  ended: byOwnCertificate(registered.ended),
  'by-name': byCa({ tls_client_auth_subject_dn: 'cn=Portal,o=Passports,c=MA' }),
  'by-host': byCa({ tls_client_auth_san_dns: 'portal.example.ma', tls_client_certificate_bound_access_tokens: true }),
  'by-other-name': byCa({ tls_client_auth_subject_dn: 'CN=portal,O=Police,C=MA' }),
  'by-secret': { token_endpoint_auth_method: 'client_secret_basic', tls_client_certificate_bound_access_tokens: true },
};

async function start(
  mtls: Readonly<Record<string, unknown>> = {},
  others: Readonly<Record<string, unknown>> = {},
): Promise<HttpsService & { basic: string }> {
  const service = await startHttpsService(({ directory, demonstration: { tlsServer }, otherPort }) => {
    writeFileSync(join(directory, 'portal-root.pem'), pemOf(authority.root.certificate));
    writeFileSync(join(directory, 'portal-issuing.pem'), pemOf(authority.issuing.certificate));
    writeFileSync(join(directory, 'portal-root.crl'), crl([], authority.root));
    const { serialNumber } = ofCa.revoked;
    if (serialNumber === undefined) throw new TypeError('it was issued with one');
    writeFileSync(join(directory, 'portal-issuing.crl'), crl([serialNumber]));
    return {
      ...others,
      mtls: {
        host: 'localhost',
        publicPort: otherPort,
        listen: { host: '127.0.0.1', port: otherPort },
        mode: 'tls',
        tls: { certificate: tlsServer.certificatePath, key: tlsServer.keyPath },
        authorities: {
          trustAnchors: [{ certificate: 'portal-root.pem', keySha256: keyOf(authority.root.certificate) }],
          intermediates: ['portal-issuing.pem'],
          crls: ['portal-root.crl', 'portal-issuing.crl'],
        },
        ...mtls,
      },
    };
  });
  let basic = '';
  for (const [clientId, members] of Object.entries(PORTALS)) {
    const { clientSecret } = await registerPortal(
      {
        client_id: clientId,
        name: { fr: 'Portail' },
        sector: `${clientId}.example.ma`,
        redirect_uris: [`https://${clientId}.example.ma/callback`],
        claims: ['name', 'birthdate'],
        purpose: { fr: 'Essai.' },
        ...members,
      },
      await onboardingPorts({
        config: service.config,
        store: service.service.store,
        audit: service.service.audit,
        clock: systemClock,
      }),
    );
    if (clientSecret !== undefined) basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  }
  return { ...service, basic };
}

describe('mutual TLS of portals (RFC 8705)', function () {
  this.timeout(60_000);
  let service: Awaited<ReturnType<typeof start>>;

  before(async () => {
    service = await start();
  });
  after(() => service.dispose());

  const portal = (clientId: string, certificate?: Shown, headers = {}): HttpsPortal =>
    new HttpsPortal(service, clientId, certificate, headers);
  const events = async (): Promise<readonly AuditEvent[]> =>
    (await service.service.store.audit.read(0, 10_000)).map(({ event }) => event);
  const expectRefused = async (answer: JsonAnswer, expected: object): Promise<void> => {
    expect(answer.status, answer.text).to.equal(401);
    expect(answer.json).to.include({ error: 'invalid_client' });
    expect((await events()).at(-1)).to.include({ type: 'portal.refused', error: 'invalid_client', ...expected });
  };

  it('is in discovery: methods, bound tokens, and the same endpoints on another host (5)', async () => {
    const anyone = portal('anyone');
    const { json } = await anyone.ask('/.well-known/openid-configuration', undefined, {}, service.issuer);
    const host = `https://localhost:${service.otherPort}`;
    expect(json.mtls_endpoint_aliases).to.deep.equal({
      token_endpoint: `${host}/token`,
      pushed_authorization_request_endpoint: `${host}/request`,
      userinfo_endpoint: `${host}/me`,
      introspection_endpoint: `${host}/token/introspection`,
      revocation_endpoint: `${host}/token/revocation`,
    });
    for (const [name, address] of Object.entries(json.mtls_endpoint_aliases as object))
      expect(json[name]).to.equal(address.replace(host, service.issuer));
    expect(json.tls_client_certificate_bound_access_tokens).to.equal(true);
    expect(json.token_endpoint_auth_methods_supported).to.include.members([
      'self_signed_tls_client_auth',
      'tls_client_auth',
    ]);
  });

  describe('who a portal is', () => {
    const accepted: readonly (readonly [string, string, Shown])[] = [
      ['a registered certificate (2.2)', 'self-signed', registered.self],
      ['a certificate of a configured CA and its registered name (2.1)', 'by-name', ofCa.portal],
      ['a certificate of a configured CA and a host name in it', 'by-host', ofCa.portal],
    ];
    for (const [what, clientId, certificate] of accepted) {
      it(`is known by ${what}`, async () => expect((await portal(clientId, certificate).push()).status).to.equal(201));
    }

    const refused: readonly (readonly [string, string, Shown | undefined, object])[] = [
      [
        'no certificate',
        'self-signed',
        undefined,
        { endpoint: 'pushed_authorization_request', clientId: 'self-signed' },
      ],
      ['the registered certificate of another portal', 'self-signed', registered.other, { clientId: 'self-signed' }],
      [
        'the same key in another certificate',
        'self-signed',
        selfSigned(registered.self.keys),
        { clientId: 'self-signed' },
      ],
      ['a certificate of a CA, where one is registered', 'self-signed', ofCa.portal, { clientId: 'self-signed' }],
      ['a registered certificate that has ended', 'ended', registered.ended, { code: 'CERT_EXPIRED' }],
      ['no certificate of a CA', 'by-name', undefined, { clientId: 'by-name' }],
      ['another registered name', 'by-other-name', ofCa.portal, { clientId: 'by-other-name' }],
      [
        'a certificate of a CA of the same name (S6)',
        'by-name',
        issued({}, createTestAuthority().issuing),
        { code: 'CERT_ISSUER_UNKNOWN' },
      ],
      ['a self-signed certificate with the name', 'by-name', registered.self, { code: 'CERT_ISSUER_UNKNOWN' }],
      ['a revoked certificate', 'by-name', ofCa.revoked, { code: 'CERT_REVOKED' }],
      [
        'a certificate for servers',
        'by-name',
        issued({ extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) } }),
        { code: 'CERT_EXTENDED_KEY_USAGE_REFUSED' },
      ],
      [
        'a certificate without the host name',
        'by-host',
        issued({ extensions: { subjectAltName: null } }),
        { clientId: 'by-host' },
      ],
    ];
    for (const [what, clientId, certificate, expected] of refused) {
      it(`is not known by ${what}`, async () => {
        await expectRefused(await portal(clientId, certificate).push(), expected);
      });
    }

    it('is not known by a certificate in a header, on either host (S1)', async () => {
      const forged = { 'Client-Cert': `:${registered.self.der.toString('base64')}:` };
      await expectRefused(await portal('self-signed').push(forged), { clientId: 'self-signed' });
      await expectRefused(await portal('self-signed').push(forged, service.issuer), { clientId: 'self-signed' });
    });
    it("is not known on the issuer's host, which asks for no certificate", async () => {
      await expectRefused(await portal('self-signed', registered.self).push({}, service.issuer), {});
    });
    it('a portal with a secret needs its secret there too', async () => {
      expect((await portal('by-secret', undefined, { Authorization: service.basic }).push()).status).to.equal(201);
      await expectRefused(await portal('by-secret', registered.self).push(), { clientId: 'by-secret' });
    });
  });

  describe('a token', () => {
    it('that is bound is worth something only with its certificate (3)', async () => {
      const owner = portal('self-signed', registered.self);
      const token = await owner.accessToken();
      expect((await owner.userinfo(token)).json).to.include({ name: 'Fatima Zahra El Idrissi' });
      for (const stranger of [portal('self-signed', registered.other), portal('self-signed')]) {
        const refused = await stranger.userinfo(token);
        expect(refused.status).to.equal(401);
        expect(refused.json).to.include({ error: 'invalid_token' });
      }
      expect((await owner.userinfo(token, service.issuer)).status).to.equal(401);
    });

    it('is bound for a portal with a secret as well, which shows a certificate for nothing else', async () => {
      const owner = portal('by-secret', registered.other, { Authorization: service.basic });
      const token = await owner.accessToken();
      expect((await owner.userinfo(token)).status).to.equal(200);
      expect((await portal('by-secret', registered.self).userinfo(token)).status).to.equal(401);
    });

    it('that is to be bound is not given without a certificate', async () => {
      const owner = portal('by-secret', undefined, { Authorization: service.basic });
      const answer = await owner.redeem(await owner.code());
      expect(answer.status).to.equal(400);
      expect(answer.json).to.include({ error: 'invalid_grant' });
    });

    it('that is not bound needs no certificate later', async () => {
      const token = await portal('by-name', ofCa.portal).accessToken();
      expect((await portal('by-name').userinfo(token, service.issuer)).status).to.equal(200);
    });

    it('a code of one portal is of no use to another (S32)', async () => {
      const code = await portal('self-signed', registered.self).code();
      const answer = await portal('another', registered.other).redeem(code);
      expect(answer.status).to.equal(400);
      expect(answer.json).to.include({ error: 'invalid_grant' });
    });
  });

  describe('introspection (RFC 7662)', () => {
    it('tells a portal of its own token: what it is, and nothing of the person but its own sub', async () => {
      const owner = portal('self-signed', registered.self);
      const token = await owner.accessToken();
      const { sub } = (await owner.userinfo(token)).json;
      const { status, json } = await owner.introspect(token);
      expect(status).to.equal(200);
      expect(json).to.include({
        active: true,
        sub,
        client_id: 'self-signed',
        iss: service.issuer,
        scope: 'openid profile',
        token_type: 'Bearer',
      });
      expect(json.cnf).to.deep.equal({ 'x5t#S256': thumbprintOf(registered.self.der) });
      expect(Object.keys(json)).to.have.members([
        'active',
        'sub',
        'client_id',
        'iss',
        'scope',
        'token_type',
        'cnf',
        'exp',
        'iat',
      ]);
      expect(Number(json.exp) - Number(json.iat)).to.equal(600);
    });

    it('tells nothing of a token of another portal, nor of one that is none', async () => {
      const token = await portal('self-signed', registered.self).accessToken();
      const other = portal('another', registered.other);
      expect((await other.introspect(token)).json).to.deep.equal({ active: false });
      expect((await other.introspect('nothing')).json).to.deep.equal({ active: false });
    });

    it('tells of a JWT that it is not active, signed for whoever asks so: no token for access is one', async () => {
      const owner = portal('self-signed', registered.self);
      const jwt = 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA';
      const { status, json } = await owner.introspect(jwt);
      expect(status).to.equal(200);
      expect(json).to.deep.equal({ active: false });

      const { headers, text } = await owner.introspect(jwt, { Accept: 'application/token-introspection+jwt' });
      expect(headers['content-type']).to.match(/^application\/token-introspection\+jwt/);
      expect(decodeProtectedHeader(text)).to.include({ alg: 'ES256', typ: 'token-introspection+jwt' });
      const { token_introspection, aud, ...others } = decodeJwt(text);
      expect(token_introspection).to.deep.equal({ active: false });
      expect(aud).to.equal('self-signed');
      expect(others).to.have.all.keys('iss', 'iat');
      await expectRefused(await portal('self-signed', registered.other).introspect(jwt), { endpoint: 'introspection' });
    });

    it('needs the portal to be known', async () => {
      await expectRefused(await portal('self-signed', registered.other).introspect('x'), { endpoint: 'introspection' });
    });

    it('signs what it tells for whoever asks so (RFC 9701)', async () => {
      const owner = portal('self-signed', registered.self);
      const token = await owner.accessToken();
      const { headers, text } = await owner.introspect(token, { Accept: 'application/token-introspection+jwt' });
      expect(headers['content-type']).to.match(/^application\/token-introspection\+jwt/);
      const { json: jwks } = await owner.ask('/jwks', undefined, {}, service.issuer);
      const { payload, protectedHeader } = await jwtVerify(
        text,
        createLocalJWKSet(jwks as unknown as Parameters<typeof createLocalJWKSet>[0]), // jose looks at its form
        { issuer: service.issuer, audience: 'self-signed', typ: 'token-introspection+jwt' },
      );
      expect(protectedHeader.alg).to.equal('ES256');
      expect(payload.token_introspection).to.deep.include({ active: true, client_id: 'self-signed' });
      expect(payload).not.to.have.property('sub');
      expect(payload).not.to.have.property('exp');
    });
  });

  describe('revocation (RFC 7009)', () => {
    it('ends a token of the portal, on record', async () => {
      const owner = portal('self-signed', registered.self);
      const token = await owner.accessToken();
      expect((await owner.revoke(token)).status).to.equal(200);
      expect((await events()).at(-1)).to.include({ type: 'token.revoked', clientId: 'self-signed' });
      expect((await owner.userinfo(token)).status).to.equal(401);
      expect((await owner.introspect(token)).json).to.deep.equal({ active: false });
    });

    it('of a token of another portal does nothing, and tells nothing', async () => {
      const owner = portal('self-signed', registered.self);
      const token = await owner.accessToken();
      const before = (await events()).length;
      const other = portal('another', registered.other);
      const [real, none] = [await other.revoke(token), await other.revoke('nothing')];
      expect([real.status, real.text]).to.deep.equal([none.status, none.text]).and.to.deep.equal([200, '']);
      expect(await events()).to.have.lengthOf(before);
      expect((await owner.userinfo(token)).status).to.equal(200);
    });
  });

  it('health tells of its certificates, and where their status comes from', async () => {
    const { status, checks } = await service.service.health();
    expect(status).to.equal('ok');
    const own = checks.filter(({ profile }) => profile === 'mtls.authorities');
    expect(own.map(({ check }) => check)).to.deep.equal(['certificate', 'certificate', 'revocation', 'revocation']);
    expect(checks.filter(({ message }) => message.includes("portals' host"))).to.have.lengthOf(1);
  });

  describe('its host', () => {
    it('shows a certificate that was renewed while it runs', async () => {
      const fingerprint = async (): Promise<string | undefined> => {
        const socket = await handshake({});
        if (typeof socket === 'string') return expect.fail(socket);
        const seen = socket.getPeerX509Certificate()?.fingerprint256;
        socket.destroy();
        return seen;
      };
      const before = await fingerprint();
      const { tlsRoot, tlsServer } = service.demonstration;
      const root = restoreTlsRoot(await readCertificate(tlsRoot.certificatePath), await readKeys(tlsRoot.keyPath));
      const keys = await readKeys(tlsServer.keyPath);
      writeFileSync(tlsServer.certificatePath, pemOf(issueServerCertificate(root, keys.publicKey, new Date())));
      await service.service.reload();
      expect(await fingerprint())
        .to.match(/^[0-9A-F:]{95}$/)
        .and.not.to.equal(before);
      // It asks for certificates as before.
      expect((await portal('self-signed', registered.self).push()).status).to.equal(201);
    });

    it('has the endpoints of portals and nothing else', async () => {
      for (const path of [
        '/',
        '/auth',
        '/healthz',
        '/jwks',
        '/.well-known/openid-configuration',
        '/auth/x/sign-in',
        '/TOKEN',
        '/token/',
      ])
        expect((await portal('self-signed', registered.self).ask(path, undefined)).status, path).to.equal(404);
    });

    const handshake = async (options: object): Promise<TLSSocket | string> => {
      const socket = connect({
        host: '127.0.0.1',
        port: service.otherPort,
        servername: 'localhost',
        ca: service.tlsRootPem,
        cert: registered.self.certificatePem,
        key: registered.self.keyPem,
        ...options,
      });
      try {
        await once(socket, 'secureConnect');
        return socket;
      } catch (error) {
        return String((error as NodeJS.ErrnoException).code);
      }
    };

    it('speaks no CBC suite and no TLS 1.1', async () => {
      expect(await handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' })).to.match(
        /ALERT_HANDSHAKE_FAILURE$/,
      );
      expect(
        await handshake({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
      ).to.match(/ALERT_PROTOCOL_VERSION$/);
    });

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`resumes no session of ${version} (S24)`, async () => {
        const sessions: Buffer[] = [];
        const only = { minVersion: version, maxVersion: version };
        const first = await handshake(only);
        if (typeof first === 'string') return expect.fail(first);
        first.on('session', (session: Buffer) => sessions.push(session));
        first.write('GET /me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        const own = first.getSession();
        await once(first.resume(), 'close');
        for (const session of [own, ...sessions]) {
          const second = await handshake({ ...only, session });
          if (typeof second === 'string') return expect.fail(second);
          expect(second.isSessionReused()).to.equal(false);
          second.destroy();
        }
        return undefined;
      });
    }

    it('decides each request of an open connection anew: one that is revoked in between is refused', async () => {
      const certificate = issued();
      if (certificate.serialNumber === undefined) throw new TypeError('it was issued with one');
      const socket = await handshake({ cert: certificate.certificatePem, key: certificate.keyPem });
      if (typeof socket === 'string') return expect.fail(socket);
      const ask = async (): Promise<string> => {
        const body = 'client_id=by-name&token=x';
        socket.write(
          `POST /token/introspection HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        let text = '';
        while (!/\r\n\r\n\{.*\}$/s.test(text)) text += String((await once(socket, 'data'))[0]);
        return text;
      };
      expect(await ask())
        .to.match(/^HTTP\/1\.1 200 /)
        .and.to.include('{"active":false}');
      const { serialNumber } = ofCa.revoked;
      writeFileSync(
        join(service.directory, 'portal-issuing.crl'),
        crl([certificate.serialNumber, ...(serialNumber ? [serialNumber] : [])]),
      );
      expect(await ask())
        .to.match(/^HTTP\/1\.1 401 /)
        .and.to.include('invalid_client');
      socket.destroy();
      return undefined;
    });
  });
});

describe('a portals’ host behind a proxy', function () {
  this.timeout(60_000);
  const header = async (
    trustedPeers: readonly string[],
    test: (service: HttpsService) => Promise<void>,
  ): Promise<void> => {
    // What a proxy in front would speak TLS for is plain HTTP here.
    const service = await start({ mode: 'header', tls: undefined, header: { preset: 'rfc9440', trustedPeers } });
    try {
      await test(service);
    } finally {
      await service.dispose();
    }
  };
  const forwarded = { 'Client-Cert': `:${registered.self.der.toString('base64')}:` };

  it('believes a listed proxy, and what it says of the handshake alone', () =>
    header(['127.0.0.1'], async (service) => {
      const origin = `http://localhost:${service.otherPort}`;
      const portal = new HttpsPortal(service, 'self-signed');
      expect((await portal.push(forwarded, origin)).status).to.equal(201);
      expect((await portal.push({}, origin)).status).to.equal(401);
      const twice = await portal.push({ ...forwarded, client_cert: forwarded['Client-Cert'] }, origin);
      expect(twice.json).to.deep.equal({ error: 'invalid_client', error_description: 'PROXY_HEADER_AMBIGUOUS' });
      const none = await portal.push({ 'Client-Cert': ':MAA=:' }, origin);
      expect(none.status).to.equal(401);
      expect(none.json).to.deep.equal({ error: 'invalid_client', error_description: 'CERT_MALFORMED' });
    }));

  it('refuses a request that names two hosts (RFC 9112 3.2)', () =>
    header(['127.0.0.1'], async ({ otherPort: port }) => {
      const answer = await send({ port, path: '/token', method: 'POST', headers: { Host: ['localhost', 'other'] } });
      expect([answer.status, JSON.parse(answer.body).error]).to.deep.equal([400, 'invalid_request']);
    }));

  it('believes nobody else (S1)', () =>
    header(['192.0.2.1'], async (service) => {
      const portal = new HttpsPortal(service, 'self-signed');
      const answer = await portal.push(forwarded, `http://localhost:${service.otherPort}`);
      expect(answer.status).to.equal(401);
      expect(answer.json).to.deep.equal({ error: 'invalid_client', error_description: 'PROXY_NOT_TRUSTED' });
    }));
});

describe('a portal that is known by its certificate and asks too often', function () {
  this.timeout(60_000);
  let service: Awaited<ReturnType<typeof start>>;
  beforeEach(async () => {
    service = await start({}, { limits: { perClient: { points: 2, seconds: 3600 } } });
  });
  afterEach(() => service.dispose());

  for (const [clientId, certificate, stranger] of [
    ['self-signed', registered.self, registered.other],
    ['by-name', ofCa.portal, issued({}, createTestAuthority().issuing)],
  ] as const) {
    it(`is refused after its points, which nobody else can use up: ${clientId}`, async () => {
      const others = new HttpsPortal(service, clientId, stranger);
      for (let number = 0; number < 3; number++) expect((await others.push()).status).to.equal(401);
      const portal = new HttpsPortal(service, clientId, certificate);
      const statuses = [];
      for (let number = 0; number < 3; number++) statuses.push((await portal.push()).status);
      expect(statuses).to.deep.equal([201, 201, 429]);
      const answer = await portal.redeem('nothing');
      expect(answer.status).to.equal(429);
      expect(answer.json).to.include({ error: 'temporarily_unavailable' });
      expect(Number(answer.headers['retry-after'])).to.be.within(1, 3600);
      expect((await new HttpsPortal(service, 'another', registered.other).push()).status).to.equal(201);
      const events = (await service.service.store.audit.read(0, 1000)).map(({ event }) => event);
      expect(events.filter(({ type }) => type === 'portal.limited')).to.deep.equal([
        { type: 'portal.limited', clientId },
      ]);
    });
  }
});
