import { expect } from 'chai';
import type { Assertion } from '../../src/demo/portal-relying-party.ts';
import { PortalSessions } from '../../src/demo/portal-sessions.ts';
import { AT } from '../support/authority.ts';

const PENDING = { codeVerifier: 'v', state: 's', nonce: 'n' };
const assertion = (sub: string, sid: string | undefined): Assertion => ({
  claims: { sub },
  session: { sub, sid },
  tokens: { idToken: { header: {}, payload: {} }, userinfo: {} },
});

describe('sessions of the demonstration portal, when one of the provider ends', () => {
  let sessions: PortalSessions;
  let one: string;
  let sameCitizen: string;
  let other: string;
  beforeEach(() => {
    sessions = new PortalSessions(() => AT);
    one = sessions.open({ assertion: assertion('amina', 'first'), pending: [PENDING] });
    sameCitizen = sessions.open({ assertion: assertion('amina', 'second'), pending: [] });
    other = sessions.open({ assertion: assertion('youssef', 'third'), pending: [] });
  });
  const signedIn = () => [one, sameCitizen, other].map((secret) => sessions.find(secret)?.assertion !== undefined);

  it('end by their sid alone', () => {
    sessions.end({ sub: 'amina', sid: 'first' });
    expect(signedIn()).to.deep.equal([false, true, true]);
  });

  it('end all of a citizen where no sid is given', () => {
    sessions.end({ sub: 'amina', sid: undefined });
    expect(signedIn()).to.deep.equal([false, false, true]);
  });

  it('do not end by the sid of another citizen', () => {
    sessions.end({ sub: 'youssef', sid: 'first' });
    expect(signedIn()).to.deep.equal([true, true, true]);
  });

  it('keep the sign-in that is under way, and know why the citizen is gone', () => {
    sessions.end({ sub: undefined, sid: 'first' });
    expect(sessions.find(one)).to.deep.equal({ pending: [PENDING], hasEnded: true });
  });
});
