import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { createCitizenRecords } from '../../src/citizen/citizen-record.ts';
import { createFindAccount } from '../../src/oidc/account.ts';
import { portal } from '../store/records.ts';
import { memoryCitizens, memoryPortals, testClock } from '../support/ports.ts';

const PERSON = { familyName: [{ value: 'El Mansouri' }], givenName: [{ value: 'Amina' }], birthDate: '1990-02-28' };

/** A request of the client, as far as an account looks at it. */
const requestOf = (clientId: string | undefined) =>
  ({ oidc: { client: clientId === undefined ? undefined : { clientId } } }) as unknown as KoaContextWithOIDC; // no more is read

async function setUp() {
  const { clock, advance } = testClock();
  const citizens = createCitizenRecords(memoryCitizens(), createSecretKey(Buffer.alloc(32, 1)), 900, clock);
  await citizens.remember('account-1', { person: PERSON, maskedIdentifier: '•••••456' });
  const portals = memoryPortals({ ...portal('names'), claims: ['given_name'] }, { ...portal('nothing'), claims: [] });
  const findAccount = createFindAccount(citizens, portals);
  const claims = async (clientId: string | undefined) => {
    const account = await findAccount(requestOf(clientId), 'account-1');
    return account?.claims('id_token', 'openid profile', {}, []);
  };
  return { findAccount, claims, advance };
}

describe('the account that the provider sees', () => {
  it('has the claims that the portal was approved for', async () => {
    const { claims } = await setUp();
    expect(await claims('names')).to.deep.equal({ sub: 'account-1', given_name: 'Amina' });
  });
  it('has none for a portal that was approved for none, for no portal, and for one that is not registered', async () => {
    const { claims } = await setUp();
    for (const clientId of ['nothing', undefined, 'unknown']) {
      expect(await claims(clientId), clientId).to.deep.equal({ sub: 'account-1' });
    }
  });
  it('is none of a citizen who was never here', async () => {
    const { findAccount } = await setUp();
    expect(await findAccount(requestOf('names'), 'account-2')).to.equal(undefined);
  });
  it('ends with the record of the citizen', async () => {
    const { findAccount, advance } = await setUp();
    advance(900_000);
    expect(await findAccount(requestOf('names'), 'account-1')).to.equal(undefined);
  });
});
