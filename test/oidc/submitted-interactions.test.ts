import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect } from 'chai';
import { SubmittedInteractions } from '../../src/oidc/submitted-interactions.ts';

describe('what a citizen has done in an interaction', () => {
  const request = () => new IncomingMessage(new Socket());
  const PAYLOAD = { jti: 'uid-1', result: { login: { accountId: 'account-1' } } };

  it('is found in the request that brought it, under its uid, and nowhere else', () => {
    const submitted = new SubmittedInteractions();
    const bringing = request();
    submitted.put(bringing, 'uid-1', PAYLOAD);
    expect(submitted.find(bringing, 'uid-1')).to.equal(PAYLOAD);
    expect(submitted.find(bringing, 'uid-2')).to.equal(undefined);
    expect(submitted.find(request(), 'uid-1')).to.equal(undefined);
    expect(submitted.find(undefined, 'uid-1')).to.equal(undefined);
  });
});
