import { expect } from 'chai';
import {
  addressOfChallenge,
  CHALLENGE_PATTERN,
  challengeAtAddress,
  hashOfSecret,
  newBrowserSecret,
  newChallengeId,
} from '../../src/authentication/challenge.ts';

describe('the challenge', () => {
  const ids = Array.from({ length: 100 }, newChallengeId);

  it('is 128 random bits that are also a DNS label (RFC 1035 2.3.1)', () => {
    for (const id of ids)
      expect(id)
        .to.match(/^[0-9a-f]{64}$/)
        .and.to.match(CHALLENGE_PATTERN);
  });
  it('is another one each time', () => expect(new Set(ids)).to.have.lengthOf(ids.length));

  for (const text of ['', 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), `${'a'.repeat(64)}\n`, 'g'.repeat(64)]) {
    it(`is not ${JSON.stringify(text)}`, () => expect(text).to.not.match(CHALLENGE_PATTERN));
  }
});

describe('the address of a challenge', () => {
  const id = newChallengeId();
  const { label, path } = addressOfChallenge(id);

  it('is half a DNS label (RFC 1035 2.3.1), half a path that DNS and SNI do not show', () => {
    expect(label).to.match(/^[0-9a-f]{32}$/);
    expect(path).to.match(/^\/[0-9a-f]{32}$/);
    expect(challengeAtAddress(label, path)).to.equal(id);
  });

  for (const [fault, changedLabel, changedPath] of [
    ['without a label', '', path],
    ['with all of it in the path', '', `/${label}${path.slice(1)}`],
    ['with all of it in the label', label + path.slice(1), '/'],
    ['without a path', label, '/'],
    ['with a longer path', label, `${path}a`],
    ['with a shorter path', label, path.slice(0, -1)],
    ['with a path below it', label, `${path}/`],
    ['with a slash more', label, `/${path}`],
    ['in capitals', label.toUpperCase(), `/${'A'.repeat(32)}`],
    ['with the halves cut elsewhere', label.slice(0, -1), `/${label.slice(-1)}${path.slice(1)}`],
    ['with a line break', label, `${path}\n`],
  ] as const) {
    it(`${fault} is none`, () => expect(challengeAtAddress(changedLabel, changedPath)).to.equal(undefined));
  }
});

describe('the secret of a browser', () => {
  it('is 256 random bits, another one each time', () => {
    const secrets = Array.from({ length: 100 }, newBrowserSecret);
    for (const secret of secrets) expect(secret).to.match(/^[\w-]{43}$/);
    expect(new Set(secrets)).to.have.lengthOf(secrets.length);
  });

  it('is kept as its SHA-256', () => {
    // FIPS 180-4, the hash of "abc"
    expect(hashOfSecret('abc')).to.equal(
      Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex').toString('base64url'),
    );
  });
});
