import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { createCitizenRecords, type SignedInCitizen } from '../../src/citizen/citizen-record.ts';
import { createFindAccount } from '../../src/oidc/account.ts';
import { bindGrant } from '../../src/oidc/grant.ts';
import { portal } from '../store/records.ts';
import { memoryCitizens, memoryPortals, testClock } from '../support/ports.ts';
import { AMINA, SIGNED_IN_AT } from '../support/signed-in-citizen.ts';

const LATER = SIGNED_IN_AT + 60;
const RENEWED: SignedInCitizen = { ...AMINA, person: { ...AMINA.person, givenName: [{ value: 'Amīna' }] } };
const VERIFIED = {
  verification: { trust_framework: null },
  claims: { given_name: null, family_name: null },
};

interface Question {
  readonly clientId?: string | undefined;
  /** Claims and parts that the citizen consented to. */
  readonly granted?: readonly string[];
  readonly signedInAt?: number;
  /** What the claims parameter asks for in this place. */
  readonly asked?: unknown;
  readonly grantId?: string;
  /** Of the token, epoch seconds. */
  readonly issuedAt?: number;
}

async function setUp() {
  const { clock, advance } = testClock();
  const citizens = createCitizenRecords(memoryCitizens(), createSecretKey(Buffer.alloc(32, 1)), 900, clock);
  await citizens.remember({ accountId: 'account-1', signedInAt: SIGNED_IN_AT }, AMINA);
  await citizens.remember({ accountId: 'account-1', signedInAt: LATER }, RENEWED);
  const portals = memoryPortals(
    { ...portal('names'), claims: ['given_name', 'verified_claims'] },
    { ...portal('nothing'), claims: [] },
  );
  const findAccount = createFindAccount(citizens, portals);

  /** At userinfo, with a token of a grant. */
  const account = async ({
    granted = ['given_name', 'family_name', 'verified_claims'],
    signedInAt = SIGNED_IN_AT,
    grantId = 'grant-1',
    issuedAt = SIGNED_IN_AT,
    ...question
  }: Question) => {
    const clientId = 'clientId' in question ? question.clientId : 'names';
    const grant = { jti: 'grant-1', iat: SIGNED_IN_AT, getOIDCClaims: () => granted };
    bindGrant(grant, signedInAt);
    const ctx = {
      oidc: {
        client: clientId === undefined ? undefined : { clientId },
        grant,
        entities: {},
        provider: { Grant: { find: async () => grant } },
      },
    } as unknown as KoaContextWithOIDC; // as far as an account looks at it
    const token = { grantId, iat: issuedAt } as Parameters<typeof findAccount>[2]; // as far as an account looks at it
    return findAccount(ctx, 'account-1', token);
  };
  const claims = async (question: Question) =>
    (await account(question))?.claims('userinfo', 'openid profile', (question.asked ?? {}) as object as never, []);
  const ofSession = (authTime: number | undefined, accountId = 'account-1') =>
    findAccount({ oidc: { session: { authTime: () => authTime } } } as unknown as KoaContextWithOIDC, accountId);
  return { account, claims, ofSession, advance };
}

describe('the account that the provider sees', () => {
  it('has the claims that the portal was approved for and the citizen consented to', async () => {
    const { claims } = await setUp();
    expect(await claims({})).to.deep.equal({ sub: 'account-1', given_name: 'Amina', 'given_name#ar': 'أمينة' });
    expect(await claims({ granted: ['family_name'] })).to.deep.equal({ sub: 'account-1' });
  });
  it('has none for a portal that was approved for none, for no portal, and for one that is not registered', async () => {
    const { claims } = await setUp();
    for (const clientId of ['nothing', undefined, 'unknown']) {
      expect(await claims({ clientId }), clientId).to.deep.equal({ sub: 'account-1' });
    }
  });

  it('has no claim whose value is not the one that is asked for', async () => {
    const { claims } = await setUp();
    const ask = async (given_name: unknown) => Object.keys((await claims({ asked: { given_name } })) ?? {});
    expect(await ask({ value: 'Amina' })).to.include('given_name');
    expect(await ask({ values: ['Fatima', 'Amina'] })).to.include('given_name');
    expect(await ask({ essential: true, value: 'amina' })).to.have.members(['sub', 'given_name#ar']);
    expect(await ask({ values: ['Fatima'] })).to.not.include('given_name');
  });

  it('has verified_claims where they are asked for, with what was approved and consented', async () => {
    const { claims } = await setUp();
    const asked = { verified_claims: VERIFIED };
    expect((await claims({ asked }))?.verified_claims).to.deep.equal({
      verification: { trust_framework: 'thiqa_demonstration' },
      claims: { given_name: 'Amina' },
    });
    expect(await claims({})).to.not.have.property('verified_claims');
    expect(await claims({ asked, granted: ['given_name'] })).to.not.have.property('verified_claims');
    expect(await claims({ asked, clientId: 'nothing' })).to.deep.equal({ sub: 'account-1' });
  });

  it('has no verified_claims that are older than asked for, though the grant was new when they were young enough', async () => {
    const { claims } = await setUp();
    const young = { ...VERIFIED, verification: { trust_framework: null, time: { max_age: 60 } } };
    const ask = (issuedAt: number) => claims({ asked: { verified_claims: young }, issuedAt });
    expect(await ask(SIGNED_IN_AT + 60)).to.have.property('verified_claims');
    expect(await ask(SIGNED_IN_AT + 61)).to.not.have.property('verified_claims');
  });

  it('tells of the sign-in of the grant, whatever card was presented since', async () => {
    const { claims } = await setUp();
    expect(await claims({ signedInAt: SIGNED_IN_AT })).to.include({ given_name: 'Amina' });
    expect(await claims({ signedInAt: LATER })).to.include({ given_name: 'Amīna' });
    expect(await claims({ signedInAt: LATER + 1 })).to.equal(undefined);
  });
  it('is none where the grant is not that of the token', async () => {
    const { account } = await setUp();
    expect(await account({ grantId: 'grant-2' })).to.equal(undefined);
  });

  it('of a session is that of its sign-in, and none of a citizen who was never here', async () => {
    const { ofSession } = await setUp();
    expect(await ofSession(SIGNED_IN_AT)).to.include({ accountId: 'account-1' });
    expect(await ofSession(SIGNED_IN_AT + 1)).to.equal(undefined);
    expect(await ofSession(undefined)).to.equal(undefined);
    expect(await ofSession(SIGNED_IN_AT, 'account-2')).to.equal(undefined);
  });
  it('ends with the record of the sign-in', async () => {
    const { account, ofSession, advance } = await setUp();
    advance(900_000);
    expect(await account({})).to.equal(undefined);
    expect(await ofSession(SIGNED_IN_AT)).to.equal(undefined);
  });
});
