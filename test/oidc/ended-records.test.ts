import { expect } from 'chai';
import type { AdapterPayload } from 'oidc-provider';
import { createHasEnded } from '../../src/oidc/ended-records.ts';
import { portal } from '../store/records.ts';
import { memoryPortals } from '../support/ports.ts';
import { thrownBy } from '../support/refusal.ts';

const MARK = 1_795_000_000;
const CLIENT = { clientId: 'portal-1' };

const ended = (
  model: string,
  payload: object,
  { everybody, ofPortal }: { readonly everybody?: number; readonly ofPortal?: number },
) => {
  const portals = memoryPortals(
    { ...portal('portal-1'), ...(ofPortal !== undefined && { notBefore: ofPortal }) },
    portal('portal-2'),
  );
  return createHasEnded(async () => everybody, portals)(model, payload as AdapterPayload);
};

/** Records whose time is `at`, as oidc-provider keeps them. */
const OF_PORTAL: Readonly<Record<string, (at: number, clientId: string) => object>> = {
  Interaction: (iat, client_id) => ({ iat, params: { client_id } }),
  PushedAuthorizationRequest: (iat, clientId) => ({ iat, clientId }),
  AuthorizationCode: (iat, clientId) => ({ iat, clientId, accountId: 'account-1' }),
  AccessToken: (iat, clientId) => ({ iat, clientId, accountId: 'account-1' }),
  RefreshToken: (iat, clientId) => ({ iat, clientId, accountId: 'account-1' }),
  Grant: (signedInAt, clientId) => ({ iat: signedInAt + 100, signedInAt, clientId }),
};

describe('what has ended', () => {
  for (const [model, payloadAt] of Object.entries(OF_PORTAL)) {
    describe(`${model}: is of`, () => {
      const times = [MARK - 1, MARK, MARK + 1];
      const each = (marks: Parameters<typeof ended>[2], clientId = 'portal-1') =>
        Promise.all(times.map((at) => ended(model, payloadAt(at, clientId), marks)));

      it('the second of a mark, or an earlier one: the mark for everybody, or for the portal', async () => {
        expect(await each({ everybody: MARK })).to.deep.equal([true, true, false]);
        expect(await each({ ofPortal: MARK })).to.deep.equal([true, true, false]);
        expect(await each({})).to.deep.equal([false, false, false]);
      });

      it('before the later of two, whichever it is', async () => {
        expect(await each({ everybody: MARK, ofPortal: MARK - 100 })).to.deep.equal([true, true, false]);
        expect(await each({ everybody: MARK - 100, ofPortal: MARK })).to.deep.equal([true, true, false]);
      });

      it('nothing, where the mark is for another portal', async () => {
        expect(await each({ ofPortal: MARK }, 'portal-2')).to.deep.equal([false, false, false]);
      });

      it('the beginning of time, where it has no time', async () => {
        const { iat: _, signedInAt: __, ...rest } = payloadAt(MARK + 1, 'portal-1') as Record<string, unknown>;
        expect(await ended(model, rest, { everybody: 1 })).to.equal(true);
      });
    });
  }

  it('a grant: also where it was issued before the mark', async () => {
    expect(await ended('Grant', { iat: MARK, signedInAt: MARK + 1, ...CLIENT }, { ofPortal: MARK })).to.equal(true);
  });

  it('a session: by the time of the card, for everybody; one that nobody signed in to goes on', async () => {
    const session = (loginTs: number) => ({ iat: MARK - 100, accountId: 'account-1', loginTs });
    expect(await ended('Session', session(MARK), { everybody: MARK })).to.equal(true);
    expect(await ended('Session', session(MARK + 1), { everybody: MARK })).to.equal(false);
    expect(await ended('Session', session(MARK), { ofPortal: MARK })).to.equal(false);
    expect(await ended('Session', { iat: MARK - 100 }, { everybody: MARK })).to.equal(false);
  });

  it('never what was used once: it must not become usable again', async () => {
    expect(await ended('ReplayDetection', { iat: MARK - 100 }, { everybody: MARK })).to.equal(false);
  });

  it('when it cannot be known, is not said', async () => {
    const lost = () => Promise.reject(new Error('gone'));
    const [unread, unknownPortal] = [
      createHasEnded(lost, memoryPortals(portal('portal-1'))),
      createHasEnded(async () => undefined, { find: lost }),
    ];
    for (const hasEnded of [unread, unknownPortal]) {
      const error = await thrownBy(() => hasEnded('AccessToken', { iat: MARK, ...CLIENT } as AdapterPayload));
      expect(error).to.be.an('error').with.property('message', 'gone');
    }
  });
});
