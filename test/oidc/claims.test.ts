import { expect } from 'chai';
import type { NaturalPerson } from '../../src/identity/person.ts';
import { APPROVABLE_CLAIMS, claimsOf, requestedClaims, SCOPE_CLAIMS, untaggedClaim } from '../../src/oidc/claims.ts';

type Person = Omit<NaturalPerson, 'nationalIdentifier'>;

const AMINA: Person = {
  familyName: [{ value: 'El Mansouri' }, { value: 'المنصوري', language: 'ar' }],
  givenName: [{ value: 'Amina' }, { value: 'أمينة', language: 'ar' }],
  birthDate: '1990-02-28',
  gender: 'female',
};

describe('OpenID Connect Core 5.1, 5.2: the claims of a person', () => {
  it('are all that the portal was approved for, names with their languages', () => {
    expect(claimsOf(AMINA, APPROVABLE_CLAIMS)).to.deep.equal({
      given_name: 'Amina',
      'given_name#ar': 'أمينة',
      family_name: 'El Mansouri',
      'family_name#ar': 'المنصوري',
      name: 'Amina El Mansouri',
      'name#ar': 'أمينة المنصوري',
      birthdate: '1990-02-28',
      gender: 'female',
    });
  });

  for (const claim of APPROVABLE_CLAIMS) {
    it(`${claim} alone, when it alone was approved, in each of its languages`, () => {
      expect(new Set(Object.keys(claimsOf(AMINA, [claim])).map(untaggedClaim))).to.deep.equal(new Set([claim]));
    });
  }

  it('are none when none was approved', () => expect(claimsOf(AMINA, [])).to.deep.equal({}));
  it('are none that do not exist, whatever was approved', () => {
    expect(claimsOf(AMINA, ['national_id', 'nationalIdentifier', 'constructor', '*'])).to.deep.equal({});
  });

  it('without a value are left out, never empty', () => {
    const { birthDate: _birthDate, gender: _gender, ...person } = AMINA;
    expect(claimsOf(person, ['birthdate', 'gender'])).to.deep.equal({});
  });

  it('a full name needs both of its parts in one language', () => {
    const person: Person = { ...AMINA, familyName: [{ value: 'El Mansouri' }] };
    expect(claimsOf(person, ['name'])).to.deep.equal({ name: 'Amina El Mansouri' });
  });

  it('are not touched by the number, should one come along', () => {
    const withNumber = { ...AMINA, nationalIdentifier: { country: 'MA', register: 'PNO', value: 'ZT123456' } };
    expect(JSON.stringify(claimsOf(withNumber, APPROVABLE_CLAIMS))).to.not.include('ZT123456');
  });
});

describe('OpenID Connect Core 5.4, 5.5: what a request asks for', () => {
  it('profile asks for all', () => expect(requestedClaims('openid profile', [])).to.deep.equal([...APPROVABLE_CLAIMS]));
  it('openid alone asks for none', () => expect(requestedClaims('openid', [])).to.deep.equal([]));
  for (const scope of ['', 'openid profiles', 'openid\tprofile', 'openid PROFILE', 'openid,profile']) {
    it(`${JSON.stringify(scope)} asks for none`, () => expect(requestedClaims(scope, [])).to.deep.equal([]));
  }
  it('the claims parameter asks for single ones, in our order', () => {
    expect(requestedClaims('openid', ['gender', 'given_name'])).to.deep.equal(['given_name', 'gender']);
  });
  it('with a language tag it asks for the claim', () => {
    expect(requestedClaims('openid', ['given_name#ar', 'given_name#fr-MA'])).to.deep.equal(['given_name']);
  });
  it('for what does not exist, nothing is asked', () => {
    expect(requestedClaims('openid', ['email', 'sub', 'acr', '__proto__', '#ar'])).to.deep.equal([]);
  });
});

describe('the claims of the scope profile', () => {
  it('are the approvable ones, names with their tags', () => {
    expect(new Set(SCOPE_CLAIMS.profile.map(untaggedClaim))).to.deep.equal(new Set(APPROVABLE_CLAIMS));
  });
  it('are all that a person can yield', () => {
    expect(SCOPE_CLAIMS.profile).to.include.members(Object.keys(claimsOf(AMINA, APPROVABLE_CLAIMS)));
  });
});
