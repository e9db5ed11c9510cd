import { expect } from 'chai';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { scopeClaims } from '../../src/oidc/claims.ts';
import { claimsToConsent, createLoadGrant } from '../../src/oidc/consented-grant.ts';
import { signInOfGrant } from '../../src/oidc/grant.ts';
import { portal } from '../store/records.ts';
import { AT } from '../support/authority.ts';
import { memoryConsents, memoryPortals } from '../support/ports.ts';
import { SIGNED_IN_AT } from '../support/signed-in-citizen.ts';

describe('what a citizen is asked to consent to', () => {
  const APPROVED = ['given_name', 'family_name', 'birthdate'];

  it('is what the request asks for and the portal was approved for', () => {
    expect(claimsToConsent('openid profile', undefined, APPROVED)).to.deep.equal([
      'given_name',
      'family_name',
      'birthdate',
    ]);
    expect(claimsToConsent('openid', undefined, APPROVED)).to.deep.equal([]);
    expect(claimsToConsent('openid profile', undefined, [])).to.deep.equal([]);
  });
  it('is in the claims parameter too, for either place (OpenID Connect Core 5.5)', () => {
    const parameter = JSON.stringify({
      userinfo: { given_name: null },
      id_token: { 'family_name#ar': null, gender: null },
    });
    expect(claimsToConsent('openid', parameter, APPROVED)).to.deep.equal(['given_name', 'family_name']);
  });
  it('is, of the number, the document and verified_claims, what the claims parameter asks for', () => {
    const approved = [...APPROVED, 'national_id', 'document_details', 'verified_claims'];
    expect(claimsToConsent('openid profile', undefined, approved)).to.deep.equal(APPROVED);
    const parameter = JSON.stringify({ userinfo: { national_id: null }, id_token: { document_details: null } });
    expect(claimsToConsent('openid', parameter, approved)).to.deep.equal(['national_id', 'document_details']);
    expect(claimsToConsent('openid', parameter, APPROVED)).to.deep.equal([]);
  });
  for (const parameter of ['null', '{}', '[]', '7', '"x"', '{"userinfo":null}', '{"other":{"given_name":null}}']) {
    it(`is nothing in a claims parameter ${parameter}`, () => {
      expect(claimsToConsent('openid', parameter, APPROVED)).to.deep.equal([]);
    });
  }
});

/** Notes what is granted and what is rejected; saved or not. */
class NotedGrant {
  /** What stands in the store, by its id. */
  static readonly standing = new Map<string, NotedGrant>();
  static async find(id: string): Promise<NotedGrant | undefined> {
    return NotedGrant.standing.get(id);
  }
  readonly owner: unknown;
  readonly accountId: unknown;
  scope = '';
  granted: readonly string[] = [];
  rejectedClaims: readonly string[] = [];
  saved = false;
  constructor(owner: { readonly accountId: unknown }) {
    this.owner = owner;
    this.accountId = owner.accountId;
  }
  get rejected() {
    return { openid: { claims: this.rejectedClaims } };
  }
  get openid() {
    return { scope: this.scope, claims: this.granted };
  }
  addOIDCScope(scope: string): void {
    this.scope = scope;
  }
  addOIDCClaims(claims: readonly string[]): void {
    this.granted = claims;
  }
  rejectOIDCClaims(claims: readonly string[]): void {
    this.rejectedClaims = claims;
  }
  async save(): Promise<void> {
    this.saved = true;
  }
}

interface Request {
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly scope?: string;
  readonly claims?: string;
  readonly signedInAt?: number | undefined;
  /** Of the session. */
  readonly grantId?: string;
}

async function load(request: Request, consented: readonly string[] | undefined): Promise<NotedGrant | undefined> {
  const signedInAt = 'signedInAt' in request ? request.signedInAt : SIGNED_IN_AT;
  const { accountId = 'account-1', clientId = 'passport-renewal', scope = 'openid profile', claims } = request;
  const consents = memoryConsents(
    ...(consented ? [{ accountId: 'account-1', clientId: 'passport-renewal', claims: consented, givenAt: AT }] : []),
  );
  const portals = memoryPortals(
    { ...portal('passport-renewal'), claims: [...ALL, 'verified_claims', 'verified_claims.document'] },
    portal('other-portal'),
  );
  const parameter: Record<string, unknown> = claims === undefined ? {} : JSON.parse(claims);
  const requested = Object.values(parameter).flatMap((place) => Object.keys(place ?? {}));
  const ctx = {
    oidc: {
      client: 'clientId' in request && clientId === 'none' ? undefined : { clientId },
      session:
        accountId === 'none' ? undefined : { accountId, authTime: () => signedInAt, grantIdFor: () => request.grantId },
      params: { scope, claims },
      requestParamClaims: new Set(requested),
      provider: { Grant: NotedGrant },
    },
  } as unknown as KoaContextWithOIDC; // as far as a grant looks at it
  return (await createLoadGrant({ consents, portals, profileClaims: scopeClaims(['ar']).profile })(ctx)) as unknown as
    | NotedGrant
    | undefined; // of NotedGrant above
}

const ALL = ['given_name', 'family_name', 'birthdate'];

describe('the grant of an authorization', () => {
  it('holds what the citizen consented to, in each language, and rejects the rest of the scope', async () => {
    const grant = await load({}, ALL);
    expect(grant).to.deep.include({
      owner: { accountId: 'account-1', clientId: 'passport-renewal' },
      scope: 'openid profile',
      saved: true,
    });
    expect(grant?.granted).to.include.members([...ALL, 'given_name#ar', 'family_name#ar']);
    expect(grant?.granted).to.not.include.members(['gender']);
    expect(grant?.rejectedClaims).to.include.members(['name', 'name#ar', 'gender']);
  });

  it('holds no more than the request asks for, whatever was consented before', async () => {
    const grant = await load({ scope: 'openid', claims: '{"userinfo":{"given_name":null}}' }, ALL);
    expect(new Set(grant?.granted)).to.deep.equal(new Set(['given_name', 'given_name#ar']));
    expect(grant?.rejectedClaims).to.include.members(['family_name', 'birthdate']);
  });

  it('rejects what the claims parameter names and nobody approved', async () => {
    const grant = await load({ claims: '{"id_token":{"gender":null,"email":null}}' }, ALL);
    expect(grant?.rejectedClaims).to.include.members(['gender', 'email']);
    expect(grant?.granted).to.not.include.members(['email']);
  });

  it('remembers the sign-in that it was given in', async () => {
    const grant = await load({}, ALL);
    expect(grant && signInOfGrant(grant)).to.equal(SIGNED_IN_AT);
  });

  it('holds the claims and the parts of verified_claims that are asked for, once they are consented', async () => {
    const claims = JSON.stringify({
      userinfo: {
        verified_claims: {
          verification: { trust_framework: null, evidence: [{ type: { value: 'document' } }] },
          claims: { given_name: null, gender: null },
        },
      },
    });
    const parts = ['verified_claims', 'verified_claims.document'];
    const grant = await load({ scope: 'openid', claims }, [...ALL, ...parts]);
    expect(grant?.granted).to.include.members(['given_name', ...parts]);
    expect(grant?.granted).to.not.include.members(['gender']);
    expect(await load({ scope: 'openid', claims }, [...ALL, 'verified_claims'])).to.equal(undefined);
    expect(await load({ scope: 'openid', claims }, ALL)).to.equal(undefined);
  });

  describe('in a session that has one', () => {
    const standing = async (request: Request = {}, consented: readonly string[] = ALL): Promise<NotedGrant> => {
      const grant = (await load(request, consented)) ?? expect.fail('there is no grant');
      NotedGrant.standing.set('standing', grant);
      return grant;
    };
    const inSession: Request = { grantId: 'standing' };

    it('is that one, when it is the same', async () => {
      const grant = await standing();
      expect(await load(inSession, ALL)).to.equal(grant);
    });
    it('is another one, when that one is gone', async () => {
      const grant = await standing();
      expect(await load({ grantId: 'gone' }, ALL))
        .to.have.property('saved', true)
        .and.not.equal(grant);
    });
    for (const [what, request, consented] of [
      ['another scope', { scope: 'openid' }, ALL],
      ['another claim', { claims: '{"userinfo":{"email":null}}' }, ALL],
      ['another sign-in', { signedInAt: SIGNED_IN_AT - 1 }, ALL],
      ['another citizen', { accountId: 'account-2' }, undefined],
    ] as const) {
      it(`is never one of ${what}`, async () => {
        const grant = await standing();
        expect(await load({ ...inSession, ...request }, consented)).not.to.equal(grant);
      });
    }
    it('is none without a consent, whatever stands', async () => {
      await standing();
      expect(await load(inSession, undefined)).to.equal(undefined);
    });
  });

  it('is none without a consent', async () => expect(await load({}, undefined)).to.equal(undefined));
  it('is none when the consent lacks one of the claims: the citizen is asked again', async () => {
    expect(await load({}, ['given_name', 'family_name'])).to.equal(undefined);
  });
  it('needs no claim for openid alone, but a consent all the same', async () => {
    expect(await load({ scope: 'openid' }, [])).to.have.property('saved', true);
    expect(await load({ scope: 'openid' }, undefined)).to.equal(undefined);
  });
  for (const [whose, request] of Object.entries({
    'another citizen': { accountId: 'account-2' },
    'another portal': { clientId: 'other-portal' },
    'a portal that is not registered': { clientId: 'unknown' },
    'a request without a session': { accountId: 'none' },
    'a request without a client': { clientId: 'none' },
    'a session that no card opened': { signedInAt: undefined },
  })) {
    it(`is none for ${whose}`, async () => expect(await load(request, ALL)).to.equal(undefined));
  }
});
