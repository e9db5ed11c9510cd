/**
 * Claims and verified_claims from the registration of a portal to its ID token and userinfo (OpenID Connect Core 5.5,
 * OpenID Connect for Identity Assurance 1.0): what was not approved, asked for and agreed to stays here.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { signInWithCard } from '../../src/demo/sign-in.ts';
import { APPROVABLE_CLAIMS } from '../../src/oidc/claims.ts';
import { Citizen } from '../support/citizen.ts';
import {
  expectError,
  type Parameters,
  PORTAL_ORIGIN,
  registerRelyingParty,
  type TestRelyingParty,
} from '../support/relying-party.ts';
import { startTestService, type TestService } from '../support/service.ts';

type JsonObject = Readonly<Record<string, unknown>>;

const VERIFICATION = {
  trust_framework: null,
  assurance_level: null,
  time: null,
  evidence: [
    { type: { value: 'document' }, document_details: { document_number: null } },
    { type: { value: 'electronic_signature' }, 'x5t#S256': null, revocation_details: { status: null } },
  ],
};
const VERIFIED = { verification: VERIFICATION, claims: { given_name: null, national_id: null } };
const OTHER = { verification: { trust_framework: null }, claims: { birthdate: null } };
const DOCUMENT = {
  type: 'idcard',
  document_number: 'TH000001',
  issuer: { country_code: 'MAR' },
};

const asking = (idToken: JsonObject, userinfo: JsonObject = {}): Parameters => ({
  claims: JSON.stringify({ id_token: idToken, userinfo }),
});

describe('a portal asks for claims', () => {
  let service: TestService;
  let portal: TestRelyingParty;
  let modest: TestRelyingParty;
  before(async () => {
    service = await startTestService();
    const register = (claims: readonly string[]) =>
      registerRelyingParty(service, { registration: { require_pkce: false, claims } });
    portal = await register(APPROVABLE_CLAIMS);
    modest = await register(['given_name', 'verified_claims']);
  });
  after(() => service.dispose());

  const citizenWith = (card: CardId): Citizen =>
    new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card(card) });
  /** The names of both answers, of what tells of a person. */
  const receive = async (changes: Parameters, { by = portal, citizen = citizenWith('valid') } = {}) => {
    const { claims, accessToken, answer } = await by.signIn(citizen, changes);
    const { status, body } = await by.userinfo(accessToken);
    expect(status).to.equal(200);
    return { idToken: claims as JsonObject, userinfo: body, pages: answer.pages, accessToken };
  };
  const PROTOCOL = ['iss', 'sub', 'aud', 'exp', 'iat', 'nonce', 'auth_time', 'acr', 'amr', 'at_hash', 'sid'];
  const personal = (claims: JsonObject): readonly string[] =>
    Object.keys(claims).filter((name) => !PROTOCOL.includes(name));

  it('and gets the number and the card where it asks for them, and in no scope', async () => {
    const { userinfo: scope } = await receive({ scope: 'openid profile' });
    expect(scope).to.include({ given_name: 'Fatima Zahra' }).and.not.have.any.keys('national_id', 'document_details');
    const { idToken, userinfo } = await receive(
      asking({ national_id: { essential: true } }, { document_details: null }),
    );
    expect(personal(idToken)).to.deep.equal(['national_id']);
    expect(idToken.national_id).to.equal('PNOMA-ZZ100001');
    expect(personal(userinfo)).to.deep.equal(['document_details']);
    expect(userinfo.document_details).to.deep.include(DOCUMENT);
  });

  it('and gets none that it was not approved for, nor one that nobody knows', async () => {
    const asked = {
      given_name: null,
      national_id: { essential: true },
      document_details: null,
      email: { essential: true },
    };
    const { idToken, userinfo } = await receive(asking(asked, asked), { by: modest });
    expect(personal(idToken)).to.deep.equal(['given_name']);
    expect(personal(userinfo)).to.deep.equal(['given_name']);
  });

  it('and gets no claim with another value than it asks for', async () => {
    const asked = {
      given_name: { value: 'Amina' },
      family_name: { values: ['El Idrissi'] },
      national_id: { values: ['X'] },
    };
    const { idToken, userinfo } = await receive(asking(asked, asked));
    expect(personal(idToken)).to.deep.equal(['family_name']);
    expect(personal(userinfo)).to.deep.equal(['family_name']);
  });

  for (const [what, claims] of [
    ['is no JSON', '{"id_token":'],
    ['is no object', '[]'],
    ['has a place that is no object', JSON.stringify({ userinfo: [] })],
    ['has a claim that is no request', JSON.stringify({ userinfo: { given_name: 7 } })],
    [
      'asks for verified_claims without claims',
      JSON.stringify({ id_token: { verified_claims: { ...VERIFIED, claims: {} } } }),
    ],
    [
      'asks for evidence of no type',
      JSON.stringify({
        userinfo: { verified_claims: { ...VERIFIED, verification: { trust_framework: null, evidence: [{}] } } },
      }),
    ],
  ] as const) {
    it(`and is told when the parameter ${what}: invalid_request, before anybody looks for a card`, async () => {
      const parameters = portal.requestParameters({ claims });
      const answer = await portal.authorize(citizenWith('valid'), parameters);
      expectError(answer, parameters.state, 'invalid_request');
      expect(answer.pages).to.deep.equal([]);
    });
  }

  describe('with verified_claims', () => {
    it('and gets them in both places, about this card and this sign-in', async () => {
      const { idToken, userinfo } = await receive(
        asking({ verified_claims: VERIFIED, auth_time: null }, { verified_claims: [VERIFIED, OTHER] }),
      );
      expect(userinfo.verified_claims).to.deep.equal([
        idToken.verified_claims,
        { verification: { trust_framework: 'thiqa_demonstration' }, claims: { birthdate: '1988-03-14' } },
      ]);
      const certificate = new X509Certificate(service.card('valid').certificatePem);
      expect(idToken.verified_claims).to.deep.equal({
        verification: {
          trust_framework: 'thiqa_demonstration',
          assurance_level: 'low',
          time: new Date(Number(idToken.auth_time) * 1000).toISOString().replace('.000', ''),
          evidence: [
            { type: 'document', document_details: { type: 'idcard', document_number: 'TH000001' } },
            {
              type: 'electronic_signature',
              signature_type: 'client-certificate',
              issuer: 'CN=Thiqa demonstration issuing CA,O=Thiqa demonstration,C=MA',
              serial_number: certificate.serialNumber.toLowerCase(),
              'x5t#S256': Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
              revocation_details: { status: 'good' },
            },
          ],
        },
        claims: { given_name: 'Fatima Zahra', national_id: 'PNOMA-ZZ100001' },
      });
    });

    it('and gets no claim of them outside them', async () => {
      const { idToken, userinfo } = await receive(asking({ verified_claims: VERIFIED }));
      expect(personal(idToken)).to.deep.equal(['verified_claims']);
      expect(personal(userinfo)).to.deep.equal([]);
    });

    it('and gets of them what it was approved for', async () => {
      const bare = { ...VERIFIED, verification: { trust_framework: null } };
      const { idToken } = await receive(asking({ verified_claims: bare }), { by: modest });
      expect(idToken.verified_claims).to.deep.equal({
        verification: { trust_framework: 'thiqa_demonstration' },
        claims: { given_name: 'Fatima Zahra' },
      });
      // Evidence that cannot be had omits the element that asks for it.
      const { idToken: more, userinfo } = await receive(asking({ verified_claims: VERIFIED, given_name: null }), {
        by: modest,
      });
      expect(personal(more)).to.deep.equal(['given_name']);
      expect(personal(userinfo)).to.deep.equal([]);
    });

    for (const [what, verification] of [
      ['another trust framework', { trust_framework: { value: 'eidas' } }],
      ['a higher level', { assurance_level: { values: ['substantial', 'high'], essential: true } }],
    ] as const) {
      it(`and gets none of ${what}, and the sign-in goes on`, async () => {
        const restricted = { ...VERIFIED, verification: { ...VERIFICATION, ...verification } };
        const { idToken } = await receive(asking({ verified_claims: restricted }));
        expect(personal(idToken)).to.deep.equal([]);
      });
    }
  });

  describe('and the citizen', () => {
    const rowsOf = (page: string): readonly string[] =>
      [...page.matchAll(/data-claim="([^"]+)"/g)].map(([, name = '']) => name);
    /** The page that asks for consent. */
    const consentPage = async (citizen: Citizen, changes: Parameters): Promise<string> => {
      const url = `${portal.endpoint('authorization').href}?${new URLSearchParams(portal.requestParameters(changes))}`;
      const isPortal = (next: URL): boolean => next.origin === PORTAL_ORIGIN;
      const card = await citizen.follow(await citizen.send('GET', new URL(url)), isPortal);
      const consent = await citizen.follow(await citizen.press(card, 'present-card'), isPortal);
      expect(consent.body).to.match(/data-page="consent"/);
      return consent.body;
    };

    it('sees a row for each part before it goes out, and none for the others', async () => {
      const page = await consentPage(citizenWith('valid-arabic'), asking({ verified_claims: VERIFIED }));
      expect(rowsOf(page)).to.deep.equal([
        ...['sub', 'given_name', 'national_id', 'verified_claims', 'verified_claims.document'],
        ...['verified_claims.electronic_signature', 'verified_claims.certificate', 'verified_claims.revocation'],
      ]);
      expect(page).to.include('PNOMA-ZZ100002').and.to.include('TH000002').and.to.include('يوسف');
      const bare = { ...VERIFIED, verification: { trust_framework: null } };
      expect(rowsOf(await consentPage(citizenWith('valid-arabic'), asking({ verified_claims: bare })))).to.deep.equal([
        ...['sub', 'given_name', 'national_id', 'verified_claims'],
      ]);
    });

    it('is asked again when a request asks for a part more; prompt=none is then consent_required', async () => {
      const other = await registerRelyingParty(service, {
        registration: { require_pkce: false, claims: APPROVABLE_CLAIMS },
      });
      const citizen = citizenWith('valid');
      const evidence = [{ type: { value: 'electronic_signature' } }];
      const some = asking({ verified_claims: { ...VERIFIED, verification: { trust_framework: null, evidence } } });
      const more = asking({ verified_claims: VERIFIED });
      expect((await receive(some, { by: other, citizen })).pages).to.deep.equal(['present-card', 'consent']);
      expect((await receive({ ...some, prompt: 'none' }, { by: other, citizen })).pages).to.deep.equal([]);
      const parameters = other.requestParameters({ ...more, prompt: 'none' });
      expectError(await other.authorize(citizen, parameters), parameters.state, 'consent_required');
      expect((await receive(more, { by: other, citizen })).pages).to.deep.equal(['consent']);
      // What was agreed to before does not go out unasked.
      const { idToken } = await receive(some, { by: other, citizen });
      expect(JSON.stringify(idToken)).to.not.match(/x5t|revocation|"document"/);
    });
  });

  it('and every answer of a session tells of its own card, whatever card was presented elsewhere since', async () => {
    const wanted = asking({ verified_claims: VERIFIED }, { given_name: null, verified_claims: VERIFIED });
    const first = citizenWith('valid');
    const { idToken, accessToken } = await receive(wanted, { citizen: first });
    service.advance(2);
    const renewed = await receive(wanted, { citizen: citizenWith('renewed') });
    expect(renewed.idToken.sub).to.equal(idToken.sub);
    expect(JSON.stringify(renewed.idToken.verified_claims)).to.include('TH000101').and.to.include('Fatima-Zahra');

    const { body } = await portal.userinfo(accessToken);
    expect(body).to.include({ given_name: 'Fatima Zahra' });
    expect(body.verified_claims).to.deep.equal(idToken.verified_claims);
    const again = await receive({ ...wanted, prompt: 'none' }, { citizen: first });
    expect(again.idToken.verified_claims).to.deep.equal(idToken.verified_claims);
    expect(again.userinfo.verified_claims).to.deep.equal(idToken.verified_claims);
  });

  it('and no number, name or certificate of a card is in the log or the record', async () => {
    await receive(asking({ verified_claims: VERIFIED, national_id: null }));
    const text = `${service.logText()}${JSON.stringify(await service.auditRecords())}`;
    for (const secret of ['ZZ100001', 'Idrissi', 'TH000001']) expect(text).to.not.include(secret);
  });

  it('and the README shows what the demonstration portal receives', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, example = ''] = /```json\n([\s\S]+?)```/.exec(readme) ?? [];
    const outcome = await signInWithCard({
      portal: service.portal,
      card: service.card('valid-arabic'),
      tlsRootPem: service.tlsRootPem,
    });
    if (!('tokens' in outcome)) return expect.fail(JSON.stringify(outcome));
    const { userinfo, ...tokens } = outcome.tokens;
    const shown: JsonObject = JSON.parse(example);
    expect(shapeOf(tokens)).to.deep.equal(shapeOf({ idToken: shown.idToken }));
    const known = (value: unknown): JsonObject => ({
      ...(value as JsonObject),
      sub: '',
      document_details: shapeOf(value),
    });
    expect(known(userinfo)).to.deep.equal(known(shown.userinfo));
  });
});

/** The names in a value of JSON, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}
