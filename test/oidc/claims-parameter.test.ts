import { expect } from 'chai';
import { askedInClaimsParameter, claimsParameterProblem } from '../../src/oidc/claims-parameter.ts';
import { isAskedFor } from '../../src/oidc/claims-request.ts';

describe('OpenID Connect Core 5.5: the form of the claims parameter', () => {
  for (const request of [
    null,
    {},
    { essential: true },
    { value: 'x' },
    { value: null },
    { values: ['x', 7] },
    { unknown_member: [1, { deep: true }] },
  ]) {
    for (const place of ['userinfo', 'id_token']) {
      it(`accepts ${JSON.stringify(request)} in ${place}`, () => {
        expect(claimsParameterProblem({ [place]: { given_name: request, unknown_claim: request } })).to.equal(
          undefined,
        );
      });
    }
  }

  for (const request of [
    true,
    'essential',
    7,
    [],
    [{ essential: true }],
    { essential: 'true' },
    { essential: null },
    { values: 'x' },
    { values: [] },
    { values: null },
    { value: '\ud800' },
  ]) {
    for (const place of ['userinfo', 'id_token']) {
      it(`refuses ${JSON.stringify(request)} in ${place}`, () => {
        const problem = claimsParameterProblem({ [place]: { given_name: null, 'name"é': request } });
        expect(problem).to.be.a('string').that.includes(`claims.${place}`).and.not.includes('é');
      });
    }
  }

  for (const name of ['acr', 'sub']) {
    it(`wants text where it asks for a value of ${name}`, () => {
      for (const good of [{ value: 'x' }, { values: ['x', 'y'] }, { essential: true }]) {
        expect(claimsParameterProblem({ id_token: { [name]: good } })).to.equal(undefined);
      }
      for (const bad of [{ value: 7 }, { value: null }, { values: ['x', 7] }, { value: ['x'] }]) {
        expect(claimsParameterProblem({ id_token: { [name]: bad } }), JSON.stringify(bad)).to.be.a('string');
      }
    });
  }

  it('looks at its two places alone', () => {
    expect(claimsParameterProblem({ id_token: {}, other: { given_name: 7 } })).to.equal(undefined);
  });
});

describe('OpenID Connect Core 5.5.1: value and values', () => {
  it('nothing is asked without them', () => {
    for (const request of [null, undefined, {}, { essential: true }]) expect(isAskedFor('x', request)).to.equal(true);
  });
  it('the value is the one that is named, or one of them', () => {
    expect(isAskedFor('x', { value: 'x' })).to.equal(true);
    expect(isAskedFor('x', { value: 'X' })).to.equal(false);
    expect(isAskedFor('7', { value: 7 })).to.equal(false);
    expect(isAskedFor('x', { values: ['y', 'x'] })).to.equal(true);
    expect(isAskedFor('x', { values: ['y'] })).to.equal(false);
    expect(isAskedFor('x', { value: 'x', values: ['y'] })).to.equal(false);
  });
  it('an object is compared by its members, in any order', () => {
    expect(isAskedFor({ a: 1, b: [2] }, { value: { b: [2], a: 1 } })).to.equal(true);
    expect(isAskedFor({ a: 1, b: [2] }, { value: { a: 1 } })).to.equal(false);
  });
});

describe('what the claims parameter asks for', () => {
  const asked = (parameter: unknown) => [...askedInClaimsParameter(JSON.stringify(parameter))].sort();

  it('is in either place, without tags', () => {
    expect(
      asked({ userinfo: { given_name: null }, id_token: { 'family_name#ar': null, 'family_name#fr-MA': null } }),
    ).to.deep.equal(['family_name', 'given_name']);
  });
  it('is nothing without it, and nothing in what has no place', () => {
    expect([...askedInClaimsParameter(undefined)]).to.deep.equal([]);
    for (const parameter of [null, {}, [], 7, 'x', { userinfo: null }, { other: { given_name: null } }]) {
      expect(asked(parameter), JSON.stringify(parameter)).to.deep.equal([]);
    }
  });
  it('are the claims inside verified_claims too, and the parts of the evidence', () => {
    const verification = {
      trust_framework: null,
      evidence: [
        { type: { value: 'document' } },
        { type: { value: 'electronic_signature' }, 'x5t#S256': null, revocation_details: null },
      ],
    };
    expect(asked({ userinfo: { verified_claims: { verification, claims: { birthdate: null } } } })).to.deep.equal([
      'birthdate',
      'verified_claims',
      'verified_claims.certificate',
      'verified_claims.document',
      'verified_claims.electronic_signature',
      'verified_claims.revocation',
    ]);
    const { trust_framework } = verification;
    expect(
      asked({ id_token: { verified_claims: [{ verification: { trust_framework }, claims: { name: null } }] } }),
    ).to.deep.equal(['name', 'verified_claims']);
  });
  it('is no part by its name', () => {
    expect(asked({ userinfo: { 'verified_claims.certificate': null, 'verified_claims#ar': null } })).to.deep.equal([]);
  });
});
