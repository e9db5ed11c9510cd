import { expect } from 'chai';
import { Citizen, codeOf, redirectOf } from '../support/citizen.ts';
import { startTestService, type TestService } from '../support/service.ts';

describe('a consent that is sent more than once', () => {
  let service: TestService;
  let citizen: Citizen;
  let send: (step: string) => ReturnType<Citizen['send']>;

  beforeEach(async () => {
    service = await startTestService();
    citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid') });
    const challenge = redirectOf(await citizen.press(await citizen.begin(service.portal), 'present-card'));
    if (challenge === undefined) throw new Error('no card address was given');
    const { url } = await citizen.follow(await citizen.send('GET', challenge));
    // As before: the answer to the first one ends the cookies.
    const Cookie = citizen.jar.headerFor(url, new Date()) ?? '';
    send = (step) => citizen.send('POST', new URL(`${url}/${step}`), { Origin: url.origin, Cookie }, '');
  });
  afterEach(() => service.dispose());

  it('at once gives one code, and the others an error', async () => {
    const answers = await Promise.all(['consent', 'consent', 'consent', 'decline'].map(send));
    const codes = answers.filter((answer) => redirectOf(answer)?.searchParams.has('code'));
    expect(codes.length).to.be.at.most(1);
    for (const answer of answers) {
      if (codes.includes(answer)) continue;
      const told = redirectOf(answer)?.searchParams.get('error') ?? codeOf(answer);
      // Which of what the sign-in rests on it still found decides how it is refused.
      expect(told).to.be.oneOf(['access_denied', 'invalid_grant', 'invalid_request_uri', 'INTERACTION_NOT_FOUND']);
    }
  });

  it('later leads nowhere, and nor does any other step of that sign-in', async () => {
    expect(redirectOf(await send('consent'))?.searchParams.has('code')).to.equal(true);
    for (const step of ['consent', 'decline', 'cancel', 'card', 'web-eid/challenge']) {
      expect(codeOf(await send(step))).to.equal('INTERACTION_NOT_FOUND');
    }
  });
});
