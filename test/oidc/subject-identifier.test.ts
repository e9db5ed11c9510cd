import { createHmac, createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import { accountIdOf, pairwiseSubject } from '../../src/oidc/subject-identifier.ts';

const KEY = createSecretKey(Buffer.alloc(32, 1));
const OTHER_KEY = createSecretKey(Buffer.alloc(32, 2));
const AMINA = { country: 'MA', register: 'PNO', value: 'ZT123456' };

describe('the account of a person', () => {
  it('is HMAC-SHA-256 of country, register and number: the same for a renewed card, for ever', () => {
    const expected = createHmac('sha256', Buffer.alloc(32, 1)).update('thiqa account v1\nMA\nPNO\nZT123456');
    expect(accountIdOf(AMINA, KEY)).to.equal(expected.digest('base64url'));
  });

  it('is another one for another number, register, country or key', () => {
    const accounts = [
      accountIdOf(AMINA, KEY),
      accountIdOf({ ...AMINA, value: 'ZT123457' }, KEY),
      accountIdOf({ ...AMINA, register: 'CNIE' }, KEY),
      accountIdOf({ ...AMINA, country: 'DZ' }, KEY),
      accountIdOf(AMINA, OTHER_KEY),
    ];
    expect(new Set(accounts)).to.have.lengthOf(accounts.length);
  });

  it('does not show the number', () =>
    expect(accountIdOf(AMINA, KEY))
      .to.match(/^[\w-]{43}$/)
      .and.not.include('123456'));
});

describe('OpenID Connect Core 8.1: pairwise subject identifiers', () => {
  const account = accountIdOf(AMINA, KEY);
  const sub = (sector: string, of = account, key = KEY): string => pairwiseSubject(of, sector, key);

  it('are the same for one person in one sector, for ever', () => {
    const expected = createHmac('sha256', Buffer.alloc(32, 1)).update(
      `thiqa pairwise v1\npassport.example.ma\n${account}`,
    );
    expect(sub('passport.example.ma')).to.equal(expected.digest('base64url'));
  });
  it('do not depend on how a host name is written', () => {
    expect(sub('Passport.Example.MA')).to.equal(sub('passport.example.ma'));
  });
  it('differ between sectors, persons and keys, and are never the account', () => {
    const all = [
      account,
      sub('passport.example.ma'),
      sub('tax.example.ma'),
      sub('passport.example.ma', accountIdOf({ ...AMINA, value: 'ZT123457' }, KEY)),
      sub('passport.example.ma', account, OTHER_KEY),
    ];
    expect(new Set(all)).to.have.lengthOf(all.length);
  });
  it('are of ASCII, at most 255 characters (2)', () => expect(sub('a.example')).to.match(/^[\w-]{43}$/));
});
