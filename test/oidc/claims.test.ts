import { expect } from 'chai';
import type { NaturalPerson } from '../../src/identity/person.ts';
import {
  APPROVABLE_CLAIMS,
  claimsOf,
  claimsOfScope,
  PROFILE_CLAIMS,
  scopeClaims,
  untaggedClaim,
} from '../../src/oidc/claims.ts';
import { AMINA } from '../support/signed-in-citizen.ts';

const ofPerson = (changes: Partial<NaturalPerson>, approved: readonly string[]) =>
  claimsOf({ person: { ...AMINA.person, ...changes } }, approved);

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
      national_id: 'PNOMA-ZT123456',
      document_details: {
        type: 'idcard',
        document_number: 'TH123456',
        date_of_expiry: '2031-05-04',
        issuer: { country_code: 'MAR', locality: 'Rabat' },
      },
    });
  });

  for (const claim of [...PROFILE_CLAIMS, 'national_id', 'document_details']) {
    it(`${claim} alone, when it alone was approved, in each of its languages`, () => {
      expect(new Set(Object.keys(claimsOf(AMINA, [claim])).map(untaggedClaim))).to.deep.equal(new Set([claim]));
    });
  }

  it('are in whatever languages the card has them', () => {
    const givenName = ['ar', 'zgh-Tfng', 'fr'].map((language) => ({ value: language.toUpperCase(), language }));
    expect(ofPerson({ givenName }, ['given_name'])).to.deep.equal({
      'given_name#ar': 'AR',
      'given_name#zgh-Tfng': 'ZGH-TFNG',
      'given_name#fr': 'FR',
    });
  });

  it('are none when none was approved', () => expect(claimsOf(AMINA, [])).to.deep.equal({}));
  it('are none that do not exist, whatever was approved', () => {
    expect(claimsOf(AMINA, ['nationalIdentifier', 'constructor', '*', 'given_name#ar'])).to.deep.equal({});
  });
  it('do not show the number unless it was approved', () => {
    const approved = APPROVABLE_CLAIMS.filter((claim) => claim !== 'national_id');
    expect(JSON.stringify(claimsOf(AMINA, approved))).to.not.include('ZT123456');
  });

  it('without a value are left out, never empty', () => {
    const { birthDate: _birthDate, gender: _gender, ...person } = AMINA.person;
    expect(claimsOf({ person }, ['birthdate', 'gender', 'document_details'])).to.deep.equal({});
  });
  it('of a document are those that are known of it', () => {
    const document = { type: 'passport', issuingState: 'DZA' } as const;
    expect(claimsOf({ ...AMINA, document }, ['document_details'])).to.deep.equal({
      document_details: { type: 'passport', issuer: { country_code: 'DZA' } },
    });
  });

  it('a full name needs both of its parts in one language', () => {
    expect(ofPerson({ familyName: [{ value: 'El Mansouri' }] }, ['name'])).to.deep.equal({ name: 'Amina El Mansouri' });
  });
});

describe('OpenID Connect Core 5.4: the scope profile', () => {
  it('asks for the claims of a profile, and neither for the number nor for the document', () => {
    expect(claimsOfScope('openid profile')).to.deep.equal(['name', 'given_name', 'family_name', 'birthdate', 'gender']);
  });
  for (const scope of ['openid', '', 'openid profiles', 'openid\tprofile', 'openid PROFILE', 'openid,profile']) {
    it(`is not ${JSON.stringify(scope)}`, () => expect(claimsOfScope(scope)).to.deep.equal([]));
  }
  it('has its names with the tags of the documents, and is all that they can yield', () => {
    const { profile } = scopeClaims(['ar']);
    expect(new Set(profile.map(untaggedClaim))).to.deep.equal(new Set(PROFILE_CLAIMS));
    expect(profile).to.have.members(Object.keys(claimsOf(AMINA, PROFILE_CLAIMS)));
    expect(scopeClaims([]).profile).to.deep.equal([...PROFILE_CLAIMS]);
  });
});
